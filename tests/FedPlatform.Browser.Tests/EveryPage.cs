using Microsoft.Playwright;

namespace FedPlatform.Browser.Tests;

/// <summary>Every page on a desk in light and on a phone in dark: it renders, nothing scrolls sideways, the console stays silent.</summary>
public sealed class EveryPage
{
    private static readonly string[] Pages =
    [
        "/", "/runs", "/runs/new", "/runs/{run}", "/runs/{run}/classes", "/runs/{run}/clients", "/runs/{run}/rounds", "/runs/{run}/log",
        "/runs/{run}/spec", "/runs/{run}/artifacts", "/runs/{run}/clients/0", "/datasets", "/datasets/digits", "/queue", "/settings", "/no-such-page",
    ];

    [Fact]
    public Task Renders_on_a_desk_in_light_and_on_a_phone_in_dark() => Look((1440, 900, ColorScheme.Light), (390, 844, ColorScheme.Dark));

    /// <summary>For people who look at pictures: <c>dotnet test --filter … -- xUnit.Explicit=only</c>.</summary>
    [Fact(Explicit = true)]
    public Task Renders_in_both_themes_at_both_widths() => Look(
        (1440, 900, ColorScheme.Light), (1440, 900, ColorScheme.Dark), (390, 844, ColorScheme.Light), (390, 844, ColorScheme.Dark));

    private static async Task Look(params (int Width, int Height, ColorScheme Scheme)[] views)
    {
        Assert.SkipWhen(Chromium.Path is null, Chromium.Missing);
        await using var host = await SignedInServer.Start();
        await using var chromium = await Chromium.Launch();
        string run = await host.Queue("Every page", 4);
        await host.Finished(run);

        var problems = new List<string>();
        foreach (var (width, height, scheme) in views)
        {
            await using var profile = await chromium.NewProfile(width, height, scheme);
            var page = await profile.NewPageAsync();
            await host.SignIn(page);
            string at = "";
            page.Console += (_, message) =>
            {
                // The browser itself reports the 404 of the page that does not exist.
                if (message.Type == "error" && at != "/no-such-page") problems.Add($"{at} at {width}: {message.Text}");
            };
            page.PageError += (_, error) => problems.Add($"{at} at {width}: {error}");
            foreach (string path in Pages)
            {
                at = path;
                await page.GotoAsync(new Uri(host.Server.Address, path.Replace("{run}", run, StringComparison.Ordinal)).ToString());
                await page.Locator("h1, h2").First.WaitForAsync();
                await page.Locator(".skeleton").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
                int wider = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                if (wider > 0) problems.Add($"{path} at {width}: {wider} px wider than the window");
                string name = path.Replace("/{run}", "", StringComparison.Ordinal).Trim('/').Replace('/', '-');
                if (path.EndsWith("/artifacts", StringComparison.Ordinal))
                {
                    var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Download" }).First.ClickAsync());
                    if (new FileInfo(await download.PathAsync()).Length == 0) problems.Add($"{path} at {width}: an empty download");
                }

                await Screens.Take(page, $"{(name.Length == 0 ? "dashboard" : name)}{(path.EndsWith("{run}", StringComparison.Ordinal) ? "-one" : "")}-{width}-{scheme}".ToLowerInvariant(), whole: true);
            }
        }

        Assert.Empty(problems);
    }
}
