using Microsoft.Playwright;

namespace FedPlatform.Browser.Tests;

/// <summary>Pictures for people to look at, in artifacts/screens.</summary>
internal static class Screens
{
    public static Task Take(IPage page, string name, bool whole = false) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(Built.Screens, name + ".png"), FullPage = whole });
}
