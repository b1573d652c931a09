using Bunit;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Web.Components.Runs;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Tests.Pages.Fakes;

namespace FedPlatform.Web.Tests.Pages;

public class RunsPageTests : PageTest
{
    private static RunSpec Spec(string name, string algorithm = "fedloge") =>
        SampleRuns.Digits with { Name = name, Algorithm = SampleRuns.Digits.Algorithm with { Name = algorithm } };

    [Fact]
    public void Filters_in_the_address_are_asked_of_the_service_and_shown_in_the_form()
    {
        Runs.Add(Spec("one"), RunState.Failed, 3, "NaN");
        Navigation.NavigateTo("/runs?state=failed&algorithm=fedloge&dataset=digits&search=on&sort=-pm&skip=0");

        var page = Render<RunsPage>();

        page.WaitForElement("tbody tr", Patience);
        Assert.Equal(new RunFilter { State = RunState.Failed, Algorithm = "fedloge", Dataset = "digits", Search = "on", Sort = "-pm" }, Runs.Filters[^1]);
        Assert.Equal("Failed", page.Find("select[aria-label=State]").GetAttribute("value"));
        Assert.Equal("on", page.Find("input[type=search]").GetAttribute("value"));
    }

    [Fact]
    public void A_filter_that_is_chosen_is_written_into_the_address()
    {
        Runs.Add(Spec("one"), RunState.Finished, 3);
        Runs.Add(Spec("two", "fedavg"), RunState.Finished, 3);
        var page = Render<RunsPage>();
        page.WaitForElement("tbody tr", Patience);

        page.Find("select[aria-label=Algorithm]").Change("fedavg");

        Eventually(() => Assert.Single(page.FindAll("tbody tr")));
        Assert.Contains("algorithm=fedavg", Address, StringComparison.Ordinal);
        Assert.Equal("two", page.Find("[data-row-link]").TextContent);
    }

    [Fact]
    public void Typing_a_name_filters_after_a_short_rest()
    {
        Runs.Add(Spec("alpha"), RunState.Finished, 1);
        Runs.Add(Spec("beta"), RunState.Finished, 1);
        var page = Render<RunsPage>();
        page.WaitForElement("tbody tr", Patience);

        page.Find("input[type=search]").Input("bet");

        Eventually(() => Assert.Equal(["beta"], page.FindAll("[data-row-link]").Select(a => a.TextContent)));
        Assert.Contains("search=bet", Address, StringComparison.Ordinal);
    }

    [Fact]
    public void Sorting_by_a_column_is_written_into_the_address_and_turns_around()
    {
        Runs.Add(Spec("one"), RunState.Finished, 2);
        Runs.Add(Spec("two"), RunState.Finished, 9);
        var page = Render<RunsPage>();
        page.WaitForElement("tbody tr", Patience);

        page.Find("button[aria-label^='Sort by GM']").Click();
        Eventually(() => Assert.Contains("sort=-gm", Address, StringComparison.Ordinal));
        Eventually(() => Assert.Equal("two", page.Find("[data-row-link]").TextContent));

        page.Find("button[aria-label^='Sort by GM']").Click();
        Eventually(() => Assert.Equal("one", page.Find("[data-row-link]").TextContent));
        Assert.Contains("sort=gm", Address, StringComparison.Ordinal);
    }

    [Fact]
    public void A_committed_round_changes_its_row_without_reading_the_list_again()
    {
        Guid id = Runs.Add(Spec("one"), RunState.Running, 4);
        var page = Render<RunsPage>();
        page.WaitForElement("tbody tr", Patience);
        int reads = Runs.Filters.Count;

        RoundReport report = Runs.Commit(id);

        Eventually(() => Assert.Equal("5", page.Find("[role=progressbar]").GetAttribute("aria-valuenow")));
        Assert.Contains((100 * report.Gm!.Value).ToString("0.0"), page.Find("td[data-label='GM %']").TextContent, StringComparison.Ordinal);
        Assert.Equal(reads, Runs.Filters.Count);
    }

    [Fact]
    public void No_runs_at_all_explain_themselves_and_offer_one_example()
    {
        var page = Render<RunsPage>();

        Assert.Contains("No runs yet", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
        Assert.Equal("/runs/new?preset=fedloge-digits", page.Find(".empty a").GetAttribute("href"));
    }

    [Fact]
    public void A_filter_that_matches_nothing_offers_to_clear_it()
    {
        Runs.Add(Spec("one"), RunState.Finished, 1);
        Navigation.NavigateTo("/runs?search=nothing");

        var page = Render<RunsPage>();

        Assert.Contains("No run matches", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
        Assert.Equal("/runs", page.Find(".empty a").GetAttribute("href"));
    }

    [Fact]
    public void A_list_that_cannot_be_read_says_so_and_can_be_tried_again()
    {
        Runs.Add(Spec("one"), RunState.Finished, 1);
        Runs.Broken = new InvalidOperationException("the disk is away");
        var page = Render<RunsPage>();
        Assert.Contains("the disk is away", page.WaitForElement("[role=alert]", Patience).TextContent, StringComparison.Ordinal);

        Runs.Broken = null;
        page.FindAll("button").Single(b => b.TextContent.Contains("Try again", StringComparison.Ordinal)).Click();

        page.WaitForElement("tbody tr", Patience);
    }

    [Fact]
    public void A_failed_run_shows_its_reason_in_its_row()
    {
        Runs.Add(Spec("one"), RunState.Failed, 3, "The training loss became NaN in round 4.");

        var page = Render<RunsPage>();

        Assert.Contains("became NaN", page.WaitForElement("tbody tr", Patience).TextContent, StringComparison.Ordinal);
        Assert.Equal("Failed", page.Find("[data-state]").GetAttribute("data-state"));
    }

    [Fact]
    public async Task Leaving_the_page_ends_its_subscription()
    {
        Runs.Add(Spec("one"), RunState.Running, 1);
        var page = Render<RunsPage>();
        Eventually(() => Assert.Equal(1, Feed.Readers));

        await DisposeComponentsAsync();

        Assert.Equal(0, Feed.Readers);
    }

    [Fact]
    public void The_actions_of_a_row_are_those_of_its_state_and_act_on_it()
    {
        Guid id = Runs.Add(Spec("one"), RunState.Paused, 3);
        var page = Render<RunsPage>();
        page.WaitForElement("tbody tr", Patience);

        page.Find("button[aria-label='Actions of one']").Click();
        Eventually(() => Assert.Equal(["Resume", "Stop", "Clone"], Popovers.FindAll(".mud-menu-item").Select(i => i.TextContent.Trim())));
        Popovers.FindAll(".mud-menu-item")[0].Click();

        Eventually(() => Assert.Equal([(id, RunCommand.Resume)], Runs.Commands));
    }
}
