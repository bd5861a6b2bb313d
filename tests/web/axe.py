"""axe-core on a page that is open in a browser: what it finds that is not for everyone."""

from importlib import resources

from playwright.async_api import Page

__all__ = ["violations"]

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
