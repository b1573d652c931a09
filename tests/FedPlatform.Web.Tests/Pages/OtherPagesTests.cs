using Bunit;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Dashboard;
using FedPlatform.Web.Components.Datasets;
using FedPlatform.Web.Components.Layout;
using FedPlatform.Web.Components.Queue;
using FedPlatform.Web.Components.Settings;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Tests.Pages.Fakes;

namespace FedPlatform.Web.Tests.Pages;

public class OtherPagesTests : PageTest
{
    [Fact]
    public void An_empty_dashboard_offers_the_one_example()
    {
        var page = Render<DashboardPage>();

        Assert.Contains("Nothing is being trained", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
        Assert.Equal("/runs/new?preset=fedloge-digits", page.Find(".empty a").GetAttribute("href"));
    }

    [Fact]
    public void The_dashboards_small_curves_grow_with_every_round()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 3);
        var page = Render<DashboardPage>();
        page.WaitForElement(".tile polyline", Patience);
        int Points() => page.Find(".tile polyline").GetAttribute("points")!.Split(' ').Length;
        Assert.Equal(3, Points());
        Eventually(() => Assert.Equal(1, Feed.Readers));

        Runs.Commit(id);

        Eventually(() => Assert.Equal(4, Points()));
        Assert.Contains("round 4 / 30", page.Find(".tile").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_set_shows_its_numbers_and_has_its_pictures_drawn()
    {
        var page = Render<DatasetPage>(p => p.Add(c => c.Key, "digits"));

        Eventually(() => Assert.Single(Charts.Invocations["pictures"]));
        Assert.Contains("1,297", page.Markup, StringComparison.Ordinal);
        Assert.Contains("CC BY 4.0", page.Find(".credit").TextContent, StringComparison.Ordinal);
        byte[] pixels = Assert.IsType<byte[]>(Charts.Invocations["pictures"].Single().Arguments[1]);
        Assert.Equal(10 * 15 * 64, pixels.Length);
        Assert.Contains(pixels, b => b > 200);
    }

    [Fact]
    public void A_data_set_that_is_missing_says_where_it_was_looked_for()
    {
        var page = Render<DatasetPage>(p => p.Add(c => c.Key, "cifar10"));

        string text = page.WaitForElement("[role=alert]", Patience).TextContent;
        Assert.Contains("not usable here", text, StringComparison.Ordinal);
        Assert.Contains("data_batch_1.bin", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_data_set_is_said_to_be_unknown()
    {
        var page = Render<DatasetPage>(p => p.Add(c => c.Key, "nothing"));

        Assert.Contains("There is no such data set", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void The_queue_shows_holders_and_those_who_wait_and_can_take_one_out()
    {
        Runs.Add(SampleRuns.Digits with { Name = "holds" }, RunState.Running, 3);
        Guid waits = Runs.Add(SampleRuns.Digits with { Name = "waits" }, RunState.Queued, 0);
        var page = Render<QueuePage>();
        Assert.Contains("holds", page.WaitForElement(".slot.used", Patience).TextContent, StringComparison.Ordinal);
        Assert.Contains("waits", page.Find("tbody tr").TextContent, StringComparison.Ordinal);

        page.Find("tbody button").Click();

        Eventually(() => Assert.Equal([(waits, RunCommand.Stop)], Runs.Commands));
        Assert.Contains("Nobody waits", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_token_is_shown_once()
    {
        var panel = Render<TokensPanel>();
        panel.WaitForElement(".empty", Patience);
        panel.Find("input[aria-label='Name of the new token']").Input("notebook");

        panel.Find("form").Submit();

        Eventually(() => Assert.Equal("fp_secret-1", panel.Find(".secret").TextContent));
        Assert.Contains("notebook", panel.Find("tbody tr").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("fp_secret-1", Render<TokensPanel>().Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void The_palette_finds_a_run_and_opens_it()
    {
        Guid id = Runs.Add(SampleRuns.Digits with { Name = "Needle" }, RunState.Finished, 3);
        var palette = Render<CommandPalette>();
        palette.WaitForElement("[role=option]", Patience);

        palette.Find("input").Input("needle");
        Eventually(() => Assert.Equal(["Needle", "Clone Needle"], palette.FindAll("[role=option] .clip").Select(e => e.TextContent)));
        palette.Find("input").KeyDown("Enter");

        Assert.Equal($"runs/{id}", Address);
    }

    [Fact]
    public void The_top_bar_counts_the_running_runs_live()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Queued, 0);
        var menu = Render<RunningMenu>();
        Eventually(() => Assert.Equal(1, Feed.Readers));
        Assert.Equal("0 runs are running", menu.Find("button").GetAttribute("aria-label"));

        Runs.Set(id, RunState.Running);

        Eventually(() => Assert.Equal("1 run is running", menu.Find("button").GetAttribute("aria-label")));
    }

    [Fact]
    public void The_theme_menu_opens_and_changes_the_theme_in_the_browser()
    {
        var menu = Render<ThemeMenu>();

        menu.Find("button").Click();
        Eventually(() => Assert.Equal(3, Popovers.FindAll(".mud-menu-item").Count));
        Popovers.FindAll(".mud-menu-item")[1].Click();

        Eventually(() => Assert.Equal("dark", Assert.Single(JSInterop.Invocations["fpTheme.set"]).Arguments[0]));
    }

    [Fact]
    public void The_account_menu_signs_out_by_the_documents_own_form()
    {
        var menu = Render<AccountMenu>();

        menu.Find("button").Click();

        Eventually(() => Assert.Equal("sign-out", Popovers.Find("button[type=submit]").GetAttribute("form")));
        Assert.Contains("Ada Lovelace", Popovers.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void The_running_menu_opens_a_list_with_progress()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 7);
        var menu = Render<RunningMenu>();
        Eventually(() => Assert.Equal("1 run is running", menu.Find("button").GetAttribute("aria-label")));

        menu.Find("button").Click();

        Eventually(() => Assert.Equal($"/runs/{id}", Popovers.Find("a.line").GetAttribute("href")));
        Assert.Contains("7 / 30", Popovers.Find("a.line").TextContent, StringComparison.Ordinal);
    }
}
