"""How many statements a delivery costs, savepoints included. A number goes up only for a good reason."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from inbox.intake import messages
from inbox.models import Campaign
from integrations.models import WebhookKey
from jobs import enqueue as enqueuing
from jobs.broker import CHANNEL
from jobs.conf import WAKE_UPS
from jobs.models import BackgroundJob
from tests.factories import make_lead
from tests.recorded import payload, traffic
from tests.webhooks.posting import Poster

COUNTS = {
    # first delivery (of a lead that is new), the same again; a savepoint is two statements
    "LEAD_REPLIED": (10, 4),
    "EMAIL_SENT": (8, 3),
    "EMAIL_BOUNCED": (17, 4),
    "LEAD_UNSUBSCRIBED": (15, 3),
    "EMAIL_OPENED": (2, 2),
}


def recorded(kind: str) -> dict:
    bodies = (line.body for line in traffic() if line.source == "email" and isinstance(line.body, dict))
    return next(body for body in bodies if body["event"]["type"] == kind)


def statements(poster: Poster, body: dict, source: str = "email") -> list[str]:
    """The statements of one delivery with its savepoints, but without the two that begin and end its transaction.

    Those are a savepoint here, the outermost, as the test has a transaction of its own. So which wake-ups it has is
    forgotten between deliveries.
    """
    enqueuing._woken.names = set()
    with CaptureQueriesContext(connection) as queries:
        assert poster.post(source, body).status_code == 200
    sent = [query["sql"] for query in queries]
    outermost = next(sql for sql in sent if sql.startswith("SAVEPOINT"))
    return [sql for sql in sent if sql not in (outermost, f"RELEASE {outermost}")]


def warm(poster: Poster, body: dict) -> None:
    """What a burst shares is there: the key's use of this minute and the campaign."""
    poster.post("email", recorded("LEAD_REPLIED") | {"data": {}})
    if ref := body["data"].get("campaign"):
        campaign = Campaign.objects.create(
            workspace=poster.workspace, provider="emailbison", external_id=str(ref["id"]), name=ref["name"]
        )
        key = (poster.workspace.pk, "emailbison", campaign.external_id, campaign.name)
        messages._remember(key, campaign.pk)


def check(kind: str, got: list[str], allowed: int) -> None:
    short = "\n".join(f"{number:3} {' '.join(sql.split())[:160]}" for number, sql in enumerate(got, 1))
    assert len(got) == allowed, f"{kind}: {len(got)} statements instead of {allowed}\n{short}"


def pytest_generate_tests(metafunc):
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", COUNTS)


def test_first_delivery_and_its_duplicate_cost_so_many_statements(poster, kind):
    body = recorded(kind)
    warm(poster, body)
    check(f"first {kind}", statements(poster, body), COUNTS[kind][0])
    check(f"{kind} again", statements(poster, body), COUNTS[kind][1])


def test_reply_of_a_lead_that_is_known_costs_as_much_as_of_a_new_one(poster):
    body = recorded("LEAD_REPLIED")
    warm(poster, body)
    lead = body["data"]["lead"]
    facts = {name: lead.get(name) or "" for name in ("first_name", "last_name", "company", "title")}
    facts["last_message_at"] = (
        None  # a reply that is older than the newest message costs one look at them all
    )
    make_lead(poster.workspace, email=lead["email"].lower(), emailbison_lead_id=str(lead["id"]), **facts)
    check("reply of a known lead", statements(poster, body), COUNTS["LEAD_REPLIED"][0])


def test_burst_writes_no_row_that_its_deliveries_share(poster):
    """No statement writes to the key, the campaign or the queue of wake-ups."""
    body = recorded("EMAIL_SENT")
    warm(poster, body)
    for number in range(5):
        again = body | {
            "data": body["data"] | {"scheduled_email": {"id": number}, "lead": {"id": number + 1}}
        }
        again["data"]["lead"]["email"] = f"burst{number}@example.com"
        writes = [sql for sql in statements(poster, again) if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
        tables = {sql.split('"')[1] for sql in writes}
        assert tables == {"inbox_lead", "inbox_message", "inbox_webhookdelivery"}


def test_use_of_a_key_is_written_once_a_minute(poster):
    body = recorded("EMAIL_OPENED")
    updates = [
        sum(sql.startswith(f'UPDATE "{WebhookKey._meta.db_table}"') for sql in statements(poster, body))
        for _ in range(4)
    ]
    assert updates == [1, 0, 0, 0]


def test_reply_wakes_a_worker_in_the_statement_that_inserts_its_task(poster):
    body = recorded("LEAD_REPLIED")
    warm(poster, body)
    waking = [sql for sql in statements(poster, body) if CHANNEL in sql]

    assert len(waking) == 1 and "INSERT INTO django_q_ormq" in waking[0]
    assert BackgroundJob.objects.count() == 1


def test_each_reply_leaves_a_job_and_a_task_of_django_q2_named_by_its_kind(poster):
    for number in range(3):
        body = recorded("LEAD_REPLIED")
        lead = body["data"]["lead"] | {"id": number, "email": f"dana{number}@example.com"}
        reply = body["data"]["reply"] | {"id": number, "from_email_address": lead["email"]}
        statements(poster, body | {"data": body["data"] | {"lead": lead, "reply": reply}})

    assert BackgroundJob.objects.filter(kind=messages.PROCESS).count() == 3
    tasks = [(task.key, task.name(), task.func()) for task in OrmQ.objects.all()]
    assert tasks == [(WAKE_UPS, messages.PROCESS, "jobs.worker.drain")] * 3


def test_account_status_reads_the_last_one_and_whether_it_still_holds(poster):
    body = payload("unipile", "account_status")
    poster.post("linkedin", body)
    got = statements(poster, body, "linkedin")
    check("AccountStatus again", got, 5)  # the key's row has the secret of a signature
