"""A file that came with a message, in a browser: it is saved, and the conversation stays where it was."""

from sandbox import SandboxServer
from tests import factories


def test_a_file_is_saved_and_the_conversation_stays(workspace, user, open_page):
    with SandboxServer() as sandbox:
        home, key = sandbox.url("emailbison"), "key-1"
        factories.make_integration(workspace, config={"base_url": home}, credentials={"api_key": key})
        dana, file = {"email": "dana@example.com"}, {"id": 7, "file_name": "plan.html"}
        sandbox.emit(
            "emailbison", key, "LEAD_REPLIED", lead=dana, text="See it.", attachments=[file], deliver=False
        )
        lead = factories.make_lead(workspace)
        told = {"name": "plan.html", "url": f"{home}/api/attachments/7"}
        factories.make_message(lead, "See it.", attachments=[told])
        page = open_page(user)
        page.goto(f"/w/{workspace.pk}/inbox/{lead.pk}/")
        with page.expect_download() as found:
            page.get_by_role("link", name="plan.html").click()
        assert found.value.suggested_filename == "plan.html"
        assert page.url.endswith(f"/inbox/{lead.pk}/")
