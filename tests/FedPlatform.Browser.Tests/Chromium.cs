using Microsoft.Playwright;

namespace FedPlatform.Browser.Tests;

/// <summary>A headless Chromium of the system's, never one that a package downloads.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Path of the executable, or null when none is found.</summary>
    public static string? Path { get; } =
        new[] { Environment.GetEnvironmentVariable("FEDPLATFORM_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }
            .FirstOrDefault(p => p is not null && File.Exists(p));

    public const string Missing = "No Chromium found: apt-get install chromium, or set FEDPLATFORM_CHROMIUM to its path.";

    public static async Task<Chromium> Launch()
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Path,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        return new(playwright, browser);
    }

    /// <summary>A fresh profile: no cookies, nothing stored.</summary>
    public Task<IBrowserContext> NewProfile(int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Light) =>
        _browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
        });

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }
}
