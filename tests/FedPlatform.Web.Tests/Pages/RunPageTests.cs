using Bunit;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Tests.Pages.Fakes;
using Page = FedPlatform.Web.Components.Run.RunPage;

namespace FedPlatform.Web.Tests.Pages;

public class RunPageTests : PageTest
{
    private IRenderedComponent<Page> Open(Guid id, string? tab = null) => Render<Page>(p => p.Add(c => c.Id, id).Add(c => c.Tab, tab));

    private static string[] Buttons(IRenderedComponent<Page> page) => [.. page.FindAll(".actions .btn").Select(b => b.TextContent.Trim())];

    [Fact]
    public void A_running_run_shows_where_it_is_and_what_can_be_done()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 12);

        var page = Open(id);

        page.WaitForElement("h1", Patience);
        Assert.Equal("FedLoGe on Digits", page.Find("h1").TextContent);
        Assert.Equal("12", page.Find("[role=progressbar]").GetAttribute("aria-valuenow"));
        Assert.Contains("ETA", page.Find(".progress").TextContent, StringComparison.Ordinal);
        Assert.Equal(["Pause", "Stop", "Clone"], Buttons(page));
        Assert.Empty(page.FindAll("[data-verdict]"));
    }

    [Theory]
    [InlineData(RunState.Queued, new[] { "Pause", "Stop", "Clone" })]
    [InlineData(RunState.Paused, new[] { "Resume", "Stop", "Clone" })]
    [InlineData(RunState.Failed, new[] { "Retry", "Clone" })]
    [InlineData(RunState.Stopped, new[] { "Retry", "Clone" })]
    [InlineData(RunState.Finished, new[] { "Clone" })]
    [InlineData(RunState.Stopping, new[] { "Clone" })]
    public void Each_state_offers_its_own_commands(RunState state, string[] commands)
    {
        Guid id = Runs.Add(SampleRuns.Digits, state, 2);

        var page = Open(id);

        page.WaitForElement("h1", Patience);
        Assert.Equal(commands, Buttons(page));
    }

    [Fact]
    public void A_finished_run_leads_with_its_result_and_the_gain_of_the_realignment()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Finished, 30);
        RoundReport last = SampleRuns.Round(SampleRuns.Digits, SampleRuns.Partition(), 30);

        var page = Open(id);

        string verdict = page.WaitForElement("[data-verdict=finished]", Patience).TextContent;
        Assert.Contains($"GM {100 * last.Gm:0.0} %", verdict, StringComparison.Ordinal);
        Assert.Contains($"GM {100 * last.GmClassifier:0.0} → {100 * last.Gm:0.0} (+{100 * (last.Gm - last.GmClassifier):0.0} points)", verdict, StringComparison.Ordinal);
        Assert.Contains($"PM {100 * last.PmVariants["before/train"]:0.0} → {100 * last.Pm:0.0} (+4.0 points)", verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_baseline_claims_no_gain_of_a_realignment()
    {
        Guid id = Runs.Add(SampleRuns.Digits with { Algorithm = SampleRuns.Digits.Algorithm with { Name = "fedavg" } }, RunState.Finished, 30);

        var page = Open(id);

        Assert.DoesNotContain("GLA-FR", page.WaitForElement("[data-verdict=finished]", Patience).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_run_leads_with_the_reason_what_is_kept_and_what_to_do()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Failed, 4, "The training loss of client 7 became NaN in round 5.");

        var page = Open(id);

        string verdict = page.WaitForElement("[data-verdict=failed]", Patience).TextContent;
        Assert.Contains("client 7 became NaN", verdict, StringComparison.Ordinal);
        Assert.Contains("Rounds 1 to 4 are committed and kept", verdict, StringComparison.Ordinal);
        Assert.Contains("lower learning rate", verdict, StringComparison.Ordinal);
        Assert.Contains("Copy detail", verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_subscribes_from_the_sequence_of_its_snapshot()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 12);

        Open(id).WaitForElement("h1", Patience);

        Assert.Equal([12], Feed.After);
    }

    [Fact]
    public void A_committed_round_sends_one_point_to_each_curve_and_no_series_again()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 12);
        var page = Open(id);
        Eventually(() => Assert.Equal(3, Charts.Invocations["line"].Count));
        Eventually(() => Assert.Equal(1, Feed.Readers));

        RoundReport report = Runs.Commit(id);

        Eventually(() => Assert.Equal(3, Line.Invocations["append"].Count));
        var points = Line.Invocations["append"].Select(i => Assert.IsType<double?[]>(Assert.Single(i.Arguments))).ToArray();
        Assert.All(points, p => Assert.Equal(13, p[0]));
        Assert.Contains(points, p => p.Length == 4 && p[1] == report.Gm && p[2] == report.Pm && p[3] == report.GmClassifier);
        Assert.Contains(points, p => p.Length == 2 && p[1] == report.Loss);

        Runs.Commit(id);

        Eventually(() => Assert.Equal(6, Line.Invocations["append"].Count));
        Assert.Equal(3, Charts.Invocations["line"].Count);
        Assert.Equal("14", page.Find("[role=progressbar]").GetAttribute("aria-valuenow"));
    }

    [Fact]
    public void A_round_that_the_snapshot_had_is_not_drawn_twice()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 12);
        var page = Open(id);
        Eventually(() => Assert.Equal(3, Charts.Invocations["line"].Count));
        Eventually(() => Assert.Equal(1, Feed.Readers));

        Feed.Push(new() { RunId = id, Sequence = 12, Kind = Contracts.Live.RunEventKind.Round, At = SampleRuns.Now, Round = SampleRuns.Round(SampleRuns.Digits, SampleRuns.Partition(), 12) });
        Runs.Commit(id);

        Eventually(() => Assert.Equal("13", page.Find("[role=progressbar]").GetAttribute("aria-valuenow")));
        Eventually(() => Assert.Equal(3, Line.Invocations["append"].Count));
    }

    [Fact]
    public void A_new_state_arrives_by_itself()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 3);
        var page = Open(id);
        Eventually(() => Assert.Equal(1, Feed.Readers));

        Runs.Set(id, RunState.Failed, "The disk is full.");

        Assert.Contains("The disk is full.", page.WaitForElement("[data-verdict=failed]", Patience).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Pause_asks_the_service_and_shows_the_new_state()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 3);
        var page = Open(id);
        page.WaitForElement("h1", Patience);

        page.FindAll(".actions button").Single(b => b.TextContent.Contains("Pause", StringComparison.Ordinal)).Click();

        page.WaitForElement("[data-verdict=paused]", Patience);
        Assert.Equal([(id, RunCommand.Pause)], Runs.Commands);
    }

    [Fact]
    public void A_run_that_is_not_there_is_said_to_be_not_there()
    {
        var page = Open(Guid.NewGuid());

        Assert.Contains("There is no such run", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void The_clients_come_worst_first_with_their_distance_to_the_mean()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Finished, 30);
        RoundReport last = SampleRuns.Round(SampleRuns.Digits, SampleRuns.Partition(), 30);

        var page = Open(id, "clients");

        page.WaitForElement("tbody tr", Patience);
        ClientReport worst = last.Clients.MinBy(c => c.Pm)!;
        Assert.Equal($"Client {worst.Id + 1}", page.Find("[data-row-link]").TextContent);
        Assert.Equal($"−{100 * (last.Pm - worst.Pm):0.0}", page.Find("td[data-label='Δ to mean']").TextContent);
        Assert.Equal(10, page.FindAll("tbody tr").Count);
    }

    [Fact]
    public void The_classes_show_both_rules_of_groups_and_the_gain_a_class()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Finished, 30);
        RoundReport last = SampleRuns.Round(SampleRuns.Digits, SampleRuns.Partition(), 30);
        var page = Open(id, "classes");
        page.WaitForElement("tbody tr", Patience);
        Assert.Contains($"{100 * last.GroupsByRule["counts"].Tail:0.0} %", page.Find(".groups").TextContent, StringComparison.Ordinal);

        page.FindAll(".segmented button").Single(b => b.TextContent == "cumulative").Click();

        Assert.Contains($"{100 * last.GroupsByRule["cumulative"].Tail:0.0} %", page.Find(".groups").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_can_be_narrowed_by_level_and_word_and_grows_live()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 1);
        Runs.Say(id, "round 1 committed");
        Runs.Say(id, "client 3 has 2 samples", "warning");
        var page = Open(id, "log");
        Eventually(() => Assert.Equal(2, page.FindAll(".entry").Count));
        Eventually(() => Assert.Equal(1, Feed.Readers));

        page.FindAll(".segmented button").Single(b => b.TextContent == "warning").Click();
        Assert.Contains("client 3", Assert.Single(page.FindAll(".entry")).TextContent, StringComparison.Ordinal);

        Runs.Say(id, "client 5 has 1 sample", "warning");
        Eventually(() => Assert.Equal(2, page.FindAll(".entry").Count));

        page.Find("input[type=search]").Input("client 5");
        Assert.Single(page.FindAll(".entry"));
    }

    [Fact]
    public async Task Leaving_the_page_ends_its_subscription()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 1);
        var page = Open(id);
        Eventually(() => Assert.Equal(1, Feed.Readers));

        await DisposeComponentsAsync();

        Assert.Equal(0, Feed.Readers);
    }
}
