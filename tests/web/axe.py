"""axe-core on a page that is open in a browser: what it finds that is not for everyone."""

from importlib import resources

from playwright.async_api import Page

from web.serving import DESKTOP, NARROWEST, PHONE

__all__ = ["is_for_everyone", "violations"]

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Page) -> list[str]:
    await page.evaluate(AXE)
    found = await page.evaluate(
        "rules => axe.run(document, { runOnly: rules }).then(found => found.violations.map("
        "one => `${one.id}: ${one.nodes.map(node => node.target).join(' | ')}`))",
        RULES,
    )
    return list(found)


async def is_for_everyone(page: Page) -> None:
    """Axe finds nothing in light and in dark, and it fits a phone; the narrowest one too, where lines wrap."""
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        assert (theme, await violations(page)) == (theme, [])
    for phone in (PHONE, NARROWEST):
        await page.set_viewport_size(phone)
        assert await page.evaluate("document.documentElement.scrollWidth") <= phone["width"]
    assert ("narrowest", await violations(page)) == ("narrowest", [])
    await page.set_viewport_size(DESKTOP)
