using Bunit;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Clients;
using FedPlatform.Web.Tests.Pages.Fakes;

namespace FedPlatform.Web.Tests.Pages;

public class ClientPageTests : PageTest
{
    private static ClientReport Report(double? pm, double? gm) => new() { Id = 0, Samples = 40, Pm = pm, Gm = gm };

    private static ClientClass Class(string name, double? personal, double? generic) => new(0, name, "head", 10, 10, personal, generic, null);

    [Fact]
    public void A_client_that_gains_hears_yes_with_its_numbers_and_classes()
    {
        ClientVerdict verdict = ClientVerdict.From(Report(0.912, 0.789), Report(0.6, 0.5), [Class("cat", 0.9, 0.59), Class("dog", 0.5, 0.54), Class("ship", 0.7, 0.7)])!;

        Assert.Equal("good", verdict.Tone);
        Assert.Equal("Yes: with its own head on the shared backbone this client reaches 91.2 %, +12.3 points against the generic model's 78.9 %, +31.2 points since its first measured round."
            + " It is ahead on 1 of 3 classes (“cat” +31.0) and behind on 1 (“dog” −4.0).", verdict.Sentence);
        Assert.Contains("No local-only model", verdict.Basis, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_loses_hears_that_the_generic_model_serves_it_better()
    {
        ClientVerdict verdict = ClientVerdict.From(Report(0.5, 0.6), null, [])!;

        Assert.Equal("warn", verdict.Tone);
        Assert.Contains("−10.0 points", verdict.Sentence, StringComparison.Ordinal);
        Assert.Contains("does better with the generic one", verdict.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_point_is_no_difference() => Assert.Equal("info", ClientVerdict.From(Report(0.604, 0.6), null, [])!.Tone);

    [Fact]
    public void What_was_not_measured_gets_no_answer() => Assert.Null(ClientVerdict.From(Report(null, 0.6), null, []));

    [Fact]
    public void The_page_answers_first_and_draws_the_curves_once()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Finished, 30);

        var page = Render<ClientPage>(p => p.Add(c => c.Id, id).Add(c => c.Client, 2));

        Assert.StartsWith("Yes:", page.WaitForElement(".sentence", Patience).TextContent, StringComparison.Ordinal);
        Eventually(() => Assert.Equal(3, Charts.Invocations["line"].Count));
        Assert.Equal(10, page.FindAll("tbody tr").Count);
    }

    [Fact]
    public void Another_round_adds_one_point_to_the_clients_curve()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Running, 5);
        var page = Render<ClientPage>(p => p.Add(c => c.Id, id).Add(c => c.Client, 2));
        Eventually(() => Assert.Equal(3, Charts.Invocations["line"].Count));
        Eventually(() => Assert.Equal(1, Feed.Readers));

        RoundReport report = Runs.Commit(id);

        Eventually(() => Assert.Contains(Line.Invocations["append"], i => i.Arguments[0] is double?[] { Length: 5 } p && p[0] == 6 && p[1] == report.Clients[2].Pm));
        Assert.Single(Line.Invocations["append"], i => i.Arguments[0] is double?[] { Length: 5 });
    }

    [Fact]
    public void A_client_that_the_run_does_not_have_is_said_to_be_not_there()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Finished, 3);

        var page = Render<ClientPage>(p => p.Add(c => c.Id, id).Add(c => c.Client, 10));

        Assert.Contains("There is no such client", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_the_first_round_the_page_says_what_will_be_here()
    {
        Guid id = Runs.Add(SampleRuns.Digits, RunState.Queued, 0);

        var page = Render<ClientPage>(p => p.Add(c => c.Id, id).Add(c => c.Client, 0));

        Assert.Contains("Not measured yet", page.WaitForElement(".empty", Patience).TextContent, StringComparison.Ordinal);
    }
}
