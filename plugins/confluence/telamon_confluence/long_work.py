"""Waiting for work that Confluence goes on with after it answered, and reporting how far it is."""

from telamon.plugin import Call, Json, Rejected, Unavailable
from telamon_confluence import shapes
from telamon_confluence.answers import part, parts
from telamon_confluence.client import Confluence


async def follow(confluence: Confluence, call: Call, started: Json) -> shapes.Shape:
    """Wait for a long task, a while at most, and return how it stands.

    Raises:
        Rejected: The task failed; its messages say why.
    """
    number = started.get("id")
    if not number:
        raise Unavailable("Confluence began the work without saying how to follow it.")
    reported = 0
    for _ in range(confluence.settings.long_task_looks):
        await confluence.pause(confluence.settings.long_task_interval)
        task = await confluence.api.get("/wiki/rest/api/longtask/{id}", id=str(number))
        percent = int(task.get("percentageComplete") or 0)
        if percent > reported:
            reported = percent
            await call.progress(percent, 100)
        if task.get("finished"):
            if not task.get("successful"):
                raise Rejected(f"Confluence could not finish the work: {_said(task)}")
            return {
                "taskId": number,
                "finished": True,
                "messages": _messages(task) or None,
                "total": part(task, "additionalDetails").get("totalPageNeedToCopy"),
                "destinationId": part(task, "additionalDetails").get("destinationId"),
            }
    return {
        "taskId": number,
        "finished": False,
        "percentageComplete": reported,
        "note": "Confluence goes on with it; look again later whether it is done.",
    }


def _messages(task: Json) -> list[str]:
    said = [*parts(task, "errors"), *parts(task, "messages")]
    return [str(each["translation"]) for each in said if each.get("translation")]


def _said(task: Json) -> str:
    return "; ".join(_messages(task)) or "it gave no reason."
