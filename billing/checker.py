"""Is the ledger sound? Everything is recomputed from the rows. Shares no code with what writes them: it only asks."""

from __future__ import annotations

from django.db import connection

MOST = 20  # rows named of each fault
# What is wrong, and where: each query answers with the names of rows of which it is true.
FAULTS = {
    "the postings of this transaction do not add up to zero": """
        SELECT transaction_id::text || ' by ' || sum(amount) FROM billing_posting
        GROUP BY transaction_id HAVING sum(amount) <> 0""",
    "this transaction has no two postings": """
        SELECT booked.id::text FROM billing_transaction AS booked
        LEFT JOIN billing_posting AS posting ON posting.transaction_id = booked.id
        GROUP BY booked.id HAVING count(posting.id) < 2""",
    "all postings together are not zero": """
        SELECT sum(amount)::text FROM billing_posting HAVING sum(amount) <> 0""",
    "the balance of this account is not the sum of its postings": """
        SELECT concat_ws(' ', account.kind, account.course, account.person) || ': ' || account.balance || ', not '
               || coalesce(sum(posting.amount), 0)
        FROM billing_account AS account LEFT JOIN billing_posting AS posting ON posting.account_id = account.id
        GROUP BY account.id HAVING account.balance <> coalesce(sum(posting.amount), 0)""",
    "what this thing was charged in all is not the sum of its charges": """
        SELECT coalesce(charged.subject, booked.subject) || ': ' || coalesce(charged.amount, 0) || ', not '
               || coalesce(booked.amount, 0)
        FROM billing_charged AS charged
        FULL JOIN (SELECT usage.subject, sum(posting.amount) AS amount
                   FROM billing_posting AS posting
                   JOIN billing_account AS account ON account.id = posting.account_id AND account.kind = 'usage'
                   JOIN billing_transaction AS charge ON charge.id = posting.transaction_id
                   JOIN billing_usage AS usage ON usage.id = charge.usage_id
                   GROUP BY usage.subject) AS booked ON booked.subject = charged.subject
        WHERE charged.amount IS DISTINCT FROM booked.amount""",
    "this usage is charged more than once": """
        SELECT usage_id::text FROM billing_transaction WHERE usage_id IS NOT NULL
        GROUP BY usage_id
        HAVING count(*) FILTER (WHERE kind = 'charge') - count(*) FILTER (WHERE kind = 'reversal') > 1""",
    "this usage is charged no more": """
        SELECT usage_id::text FROM billing_transaction WHERE usage_id IS NOT NULL
        GROUP BY usage_id
        HAVING count(*) FILTER (WHERE kind = 'charge') - count(*) FILTER (WHERE kind = 'reversal') < 1""",
    "this usage is not charged after two hours": """
        SELECT usage.id::text FROM billing_usage AS usage
        LEFT JOIN billing_transaction AS booked ON booked.usage_id = usage.id
        WHERE booked.id IS NULL AND usage.recorded_at < now() - interval '2 hours'""",
    "this charge is not on the accounts of the one who used it": """
        SELECT booked.id::text FROM billing_transaction AS booked
        JOIN billing_usage AS usage ON usage.id = booked.usage_id
        JOIN billing_posting AS posting ON posting.transaction_id = booked.id
        JOIN billing_account AS account ON account.id = posting.account_id
        WHERE account.course <> usage.course
           OR NOT (account.kind = 'usage' OR account.kind = 'student' AND account.person = usage.person)""",
    "this reversal is not the exact opposite of what it reverses": """
        SELECT reversal.id::text FROM billing_transaction AS reversal
        JOIN billing_posting AS posting ON posting.transaction_id IN (reversal.id, reversal.reverses_id)
        WHERE reversal.reverses_id IS NOT NULL
        GROUP BY reversal.id, posting.account_id HAVING sum(posting.amount) <> 0""",
    "this transaction is a reversal of nothing, or reverses a reversal, or the usage of another": """
        SELECT reversal.id::text FROM billing_transaction AS reversal
        LEFT JOIN billing_transaction AS reversed ON reversed.id = reversal.reverses_id
        WHERE (reversal.kind = 'reversal') <> (reversed.id IS NOT NULL) OR reversed.kind = 'reversal'
           OR reversed.id IS NOT NULL AND reversed.usage_id IS DISTINCT FROM reversal.usage_id""",
    "the usage of this meter is not the time that it ran": """
        SELECT meter.resource || ': ' || coalesce(sum(usage.seconds), 0) || ' s' FROM billing_meter AS meter
        LEFT JOIN billing_usage AS usage ON usage.resource = meter.resource
        WHERE meter.measured_to <= coalesce(meter.ended_at, 'infinity')
        GROUP BY meter.id
        HAVING coalesce(sum(usage.seconds), 0) <> extract(epoch FROM greatest(meter.measured_to, meter.began_at)
                                                                     - meter.began_at)""",
}  # fmt: skip
COUNTS = """
SELECT (SELECT count(*) FROM billing_transaction), (SELECT count(*) FROM billing_posting),
       (SELECT count(*) FROM billing_usage), (SELECT count(*) FROM billing_account)
"""


def faults() -> list[str]:
    """A line for each, in words. None: the ledger is sound."""
    found = []
    with connection.cursor() as cursor:
        for words, query in FAULTS.items():
            cursor.execute(query)
            rows = cursor.fetchmany(MOST + 1)
            found += [f"{words}: {row[0]}" for row in rows[:MOST]]
            found += [f"{words}: and more"] if len(rows) > MOST else []
    return found


def size() -> str:
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        return "{} transactions, {} postings, {} hours of usage, {} accounts".format(*cursor.fetchone())
