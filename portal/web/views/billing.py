"""The pages about credits: what there is, what it was spent on, what things cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from billing import rates as rating
from billing.models import Rate
from portal.courses import services as courses
from portal.courses.rights import Deed
from portal.credits import giving, pricing
from portal.credits.export import FORMATS, as_file
from portal.credits.statement import around, statement
from portal.credits.table import Table, table
from portal.credits.words import require
from portal.refusals import Conflict, Invalid
from portal.web.forms.billing import BudgetForm, CorrectionForm, GiveForm, RateForm, ReprocessForm
from portal.web.templatetags.credits import exact
from portal.web.views.asking import form_of, user_of

COMING_SHOWN = 50  # prices that are not valid yet


@login_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    return render(
        request,
        "web/billing/list.html",
        {"courses": courses.courses_where(user, Deed.SEE_COURSE).order_by("title"), "budgets": giving.budgets(user)},
    )


@login_required
@require_GET
def of_course(request: HttpRequest, course_id: UUID) -> HttpResponse:
    return render(request, "web/billing/course.html", _of_course(request, course_id))


@form_of("course-credits")
def give(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    course = courses.find(user, course_id)
    giving.require_source(user, course)
    form = GiveForm(giving.sources(user, course), request.POST)
    if form.is_valid():
        try:
            giving.give(user, course_id, **form.cleaned_data)
            return redirect("course-credits", course_id)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return render(request, "web/billing/course.html", _of_course(request, course_id, form), status=422)


@form_of("course-credits")
def correct(request: HttpRequest, course_id: UUID) -> HttpResponse:
    user = user_of(request)
    courses.find(user, course_id)
    require(user, Deed.CORRECT_CHARGES)
    form = CorrectionForm(request.POST)
    if form.is_valid():
        try:
            giving.correct(user, course_id, **form.cleaned_data)
            return redirect("course-credits", course_id)
        except Invalid as refusal:
            form.refuse(refusal)
    return render(request, "web/billing/course.html", _of_course(request, course_id, correction=form), status=422)


def _of_course(
    request: HttpRequest, course_id: UUID, form: GiveForm | None = None, correction: CorrectionForm | None = None
) -> dict[str, Any]:
    user = user_of(request)
    found = giving.of_course(user, course_id)
    sources = giving.sources(user, found.course)
    able = courses.deeds(user, found.course)
    warned = {each.person: each for each in found.warnings}
    return {
        "found": found,
        "people": [(each, warned.get(each.person)) for each in found.people],
        "credit_warnings": [warned[person] for person in ("", user.username) if person in warned],
        "leads": Deed.SEE_SPENDING in able,
        "form": form or (GiveForm(sources) if sources else None),
        "correction": (correction or CorrectionForm()) if Deed.CORRECT_CHARGES in able and found.people else None,
    }


@login_required
@require_GET
def of_month(request: HttpRequest, course_id: UUID) -> HttpResponse:
    asked = request.GET
    made = statement(user_of(request), course_id, asked.get("month", ""), asked.get("person", ""))
    if asked.get("format") in FORMATS:
        return as_file(made, asked["format"])
    before, after = around(made.month)
    context = {"made": made, **_cells(table(made)), "before": before, "after": after, "formats": list(FORMATS)}
    return render(request, "web/billing/statement.html", context)


def _cells(found: Table) -> dict[str, Any]:
    """Each word with the classes of its column: on a narrow page only what a row says and its amount are shown."""
    last = len(found.heads) - 1
    shapes = [
        " ".join(name for name, is_so in (
            ("figure", column > last - found.numbers),
            ("breaks", column == found.said),
            ("wide", column not in (found.said, last)),
        ) if is_so)
        for column in range(last + 1)
    ]  # fmt: skip

    def shown(row: Sequence[str]) -> list[tuple[str, str]]:
        return [(exact(word) if "figure" in shape else word, shape) for word, shape in zip(row, shapes, strict=True)]

    heads = list(zip(found.heads, shapes, strict=True))
    return {"heads": heads, "rows": [shown(row) for row in found.rows], "total": shown(found.total)}


@login_required
@require_GET
def rates(request: HttpRequest) -> HttpResponse:
    return render(request, "web/billing/rates.html", _rates(request))


@form_of("rates")
def add_rate(request: HttpRequest) -> HttpResponse:
    require(user_of(request), Deed.CHANGE_RATES)
    form = RateForm(request.POST)
    if form.is_valid():
        try:
            pricing.add_rate(user_of(request), **form.cleaned_data)
            return redirect("rates")
        except Invalid as refusal:
            form.refuse(refusal)
    return render(request, "web/billing/rates.html", _rates(request, rate_form=form), status=422)


@form_of("rates")
def reprocess(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    require(user, Deed.CHANGE_RATES)
    form = ReprocessForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            if "preview" in request.POST:
                number = pricing.differing(user, said["start"], said["end"])
                context = _rates(request, reprocess_form=form, differing=number)
                return render(request, "web/billing/rates.html", context)
            number = pricing.reprocess(user, **said)
            messages.info(request, f"{number} charges were reversed and charged anew.")
            return redirect("rates")
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return render(request, "web/billing/rates.html", _rates(request, reprocess_form=form), status=422)


def _rates(
    request: HttpRequest,
    rate_form: RateForm | None = None,
    reprocess_form: ReprocessForm | None = None,
    differing: int | None = None,
) -> dict[str, Any]:
    context: dict[str, Any] = {"rates": rating.present(), "coming": rating.coming()[:COMING_SHOWN]}
    if user_of(request).is_administrator:
        context |= {
            "rate_form": rate_form or RateForm(initial={"kind": Rate.Kind.NODE}),
            "reprocess_form": reprocess_form or ReprocessForm(),
            "differing": differing,
        }
    return context


@login_required
@require_GET
def budgets(request: HttpRequest) -> HttpResponse:
    return render(request, "web/billing/budgets.html", _budgets(request))


@form_of("budgets")
def give_budget(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    require(user, Deed.GRANT_CREDITS)
    form = BudgetForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            giving.give_budget(user, said["person"], said["amount"], said["memo"], said["form"])
            return redirect("budgets")
        except Invalid as refusal:
            form.refuse(refusal)
    return render(request, "web/billing/budgets.html", _budgets(request, form), status=422)


def _budgets(request: HttpRequest, form: BudgetForm | None = None) -> dict[str, Any]:
    user = user_of(request)
    return {"budgets": giving.budgets(user), "form": (form or BudgetForm()) if user.is_administrator else None}
