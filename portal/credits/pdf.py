"""A statement as PDF. The font has Chinese, as names and titles may be; of it only the characters used are put in."""

from __future__ import annotations

from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.fonts import FontFace

from portal.credits.statement import Statement
from portal.credits.table import Table, table

FONT = files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
WIDTHS = {7: (16, 16, 38, 20, 9, 9, 14), 6: (30, 14, 14, 14, 14, 14)}  # by the number of columns


class _Sheet(FPDF):
    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(size=8)
        self.cell(0, 10, f"{self.page_no()} / {{nb}}", align="C")


def as_pdf(made: Statement) -> bytes:
    """The same statement gives the same bytes: its time is that at which it was made."""
    sheet = _Sheet(orientation="landscape" if made.person else "portrait", format="A4")
    sheet.set_creation_date(made.made_at)
    with as_file(FONT) as font:
        sheet.add_font("Sans", fname=font)
    sheet.set_font("Sans", size=10)
    sheet.set_title(made.name)
    sheet.add_page()
    sheet.set_font(size=16)
    sheet.multi_cell(0, 9, made.course.title, new_x="LMARGIN", new_y="NEXT")
    sheet.set_font(size=10)
    for words in _facts(made):
        sheet.multi_cell(0, 6, words, new_x="LMARGIN", new_y="NEXT")
    sheet.ln(4)
    _put(sheet, table(made))
    return bytes(sheet.output())


def _facts(made: Statement) -> list[str]:
    whose = f"Statement of {made.person}" if made.person else "Statement of the course"
    facts = [f"{whose}, {made.month} ({made.zone}); made on {made.made_at:%Y-%m-%d %H:%M}"]
    facts += [] if made.person else [f"Credits granted in this month: {made.granted}"]
    return [*facts, f"Spent in this month: {made.total.total} credits"]


def _put(sheet: FPDF, found: Table) -> None:
    sheet.set_font(size=8)
    numbers = found.numbers
    align = ("LEFT",) * (len(found.heads) - numbers) + ("RIGHT",) * numbers
    plain = FontFace(emphasis="")
    with sheet.table(
        col_widths=WIDTHS[len(found.heads)], text_align=align, headings_style=plain, borders_layout="HORIZONTAL_LINES"
    ) as put:
        for row in [found.heads, *found.rows, found.total]:
            put.row(row)
