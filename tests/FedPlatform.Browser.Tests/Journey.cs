using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace FedPlatform.Browser.Tests;

/// <summary>What a newcomer does first, in a real browser against the built host.</summary>
public sealed partial class Journey
{
    private const float Patience = 90_000;

    [Fact]
    public async Task From_the_set_up_code_to_a_finished_run_and_the_page_of_one_of_its_clients()
    {
        Assert.SkipWhen(Chromium.Path is null, Chromium.Missing);
        await using var server = await PlatformServer.Start();
        await using var chromium = await Chromium.Launch();
        await using var profile = await chromium.NewProfile();
        var page = await profile.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error") complaints.Add(message.Text); };
        page.PageError += (_, error) => complaints.Add(error);

        try
        {
            await Go(server, page);
        }
        catch
        {
            // What the browser showed says more than a time-out.
            await Screens.Take(page, "journey-failed");
            throw;
        }

        Assert.Empty(complaints);
    }

    private static async Task Go(PlatformServer server, IPage page)
    {
        // The printed address carries the code: the first visitor makes the owner's account.
        await page.GotoAsync(server.Ready.ToString());
        await page.GetByLabel("E-mail").FillAsync("owner@lab.org");
        await page.GetByLabel("Password").FillAsync("correct horse 7 Battery");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create the owner" }).ClickAsync();

        // A sample run is already there; stopping it frees the only device slot for ours.
        await page.GetByRole(AriaRole.Link, new() { Name = "FedLoGe on Digits" }).First.ClickAsync(new() { Timeout = Patience });
        await Expect(page.Locator(".run-head [data-state=Running]")).ToBeVisibleAsync(new() { Timeout = Patience });
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop the run" }).ClickAsync();
        await Expect(page.Locator(".run-head [data-state=Stopped]")).ToBeVisibleAsync(new() { Timeout = Patience });

        // A new run by the form: preset, a few rounds, and the preview before the start.
        await page.GotoAsync(new Uri(server.Address, "/runs/new").ToString());
        await page.Locator("[data-preset]").Filter(new() { HasText = "FedLoGe on Digits" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Journey");
        await page.GetByRole(AriaRole.Spinbutton, new() { Name = "Rounds" }).Or(page.GetByRole(AriaRole.Textbox, new() { Name = "Rounds" })).First.FillAsync("12");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByText("417").First).ToBeVisibleAsync(new() { Timeout = Patience }); // all training samples at IF 20
        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await Expect(page).ToHaveURLAsync(RunAddress(), new() { Timeout = Patience });
        var run = new Uri(page.Url);

        // The curve moves while we look, without a reload.
        await page.GetByRole(AriaRole.Button, new() { NameRegex = AccuracyTable() }).First.ClickAsync(new() { Timeout = Patience });
        var points = page.Locator(".chart-table").First.Locator("tbody tr");
        await Expect(points.First).ToBeVisibleAsync(new() { Timeout = Patience });
        int early = await points.CountAsync();
        await Expect(page.Locator(".run-head [data-state=Finished]")).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(points).ToHaveCountAsync(12, new() { Timeout = Patience });
        Assert.True(early < 12, $"The curve had all {early} points when it was first seen: nothing was seen live.");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = AccuracyTable() }).First.ClickAsync();
        await Screens.Take(page, "journey-run");

        // What a paper needs: the curve and the bars as drawings.
        foreach (string chart in (string[])["accuracy", "gm-per-class"])
        {
            var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = $"Save as a drawing: {chart}" }).ClickAsync());
            string drawing = await File.ReadAllTextAsync(await download.PathAsync());
            Assert.StartsWith("<svg", drawing, StringComparison.Ordinal);
            Assert.Contains("<path", drawing, StringComparison.Ordinal);
        }

        // The worst client's own page answers whether taking part helps it.
        await page.GotoAsync(new Uri(server.Address, run.AbsolutePath + "/clients").ToString());
        await page.Locator($"a[href*='{run.AbsolutePath}/clients/']").First.ClickAsync();
        await Expect(page).ToHaveURLAsync(ClientAddress());
        await Expect(page.Locator("h1")).ToContainTextAsync("Client");
        await Expect(page.Locator("canvas").First).ToBeVisibleAsync();
        await Screens.Take(page, "journey-client");
    }

    [GeneratedRegex("/runs/[0-9a-f-]{36}$")]
    private static partial Regex RunAddress();

    [GeneratedRegex("/clients/[0-9]+$")]
    private static partial Regex ClientAddress();

    [GeneratedRegex("as a table: accuracy")]
    private static partial Regex AccuracyTable();
}
