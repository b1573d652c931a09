using System.Text.Json;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Tests.Supervision;

[Collection(PlayedServerCollection.Name)]
public class SupervisionTests(SharedServer server)
{
    [Fact]
    public async Task A_killed_process_is_followed_by_another_from_the_last_committed_round()
    {
        var (id, agent) = await Start();
        (await agent.Commit(1)).EnsureSuccessStatusCode();

        agent.Kill();
        var next = await server.Play(id, epoch: 2);

        Assert.Equal(1, (await next.Attach())!.CurrentRound);
        Assert.Equal("Running", await server.Http.State(id));
        Assert.Equal(2, (await server.Http.Run(id)).GetProperty("attempts").GetInt32());
        var states = await States(id);
        Assert.Contains(RunState.Lost, states.Select(s => s.State));
        Assert.Contains("killed (signal 9)", states.First(s => s.State == RunState.Lost).Reason);
    }

    [Fact]
    public async Task A_run_that_is_lost_again_and_again_without_a_round_has_failed()
    {
        var (id, agent) = await Start();
        for (var epoch = 1; epoch <= 5; epoch++)
        {
            if (epoch > 1)
            {
                agent = await server.Play(id, epoch);
                await agent.Attach();
            }

            agent.Kill();
        }

        var run = await server.Http.InState(id, "Failed");
        Assert.Contains("5th loss in a row", run.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_committed_round_starts_the_count_of_losses_again()
    {
        var (id, agent) = await Start(rounds: 20);
        for (var epoch = 1; epoch <= 6; epoch++)
        {
            if (epoch > 1)
            {
                agent = await server.Play(id, epoch);
                await agent.Attach();
            }

            (await agent.Commit(epoch)).EnsureSuccessStatusCode();
            agent.Kill();
        }

        await server.Play(id, epoch: 7);
        Assert.Equal(6, (await server.Http.Run(id)).GetProperty("round").GetInt32());
    }

    [Fact]
    public async Task Bad_input_fails_at_once_with_what_the_process_said_and_is_not_tried_again()
    {
        var (id, agent) = await Start();

        agent.Exit(AgentProtocol.ExitBadInput, "The data set is missing a file.");

        Assert.Contains("missing a file", (await server.Http.InState(id, "Failed")).GetProperty("reason").GetString());
        Assert.Equal(1, (await server.Http.Run(id)).GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task A_process_that_dies_before_asking_for_its_work_fails_the_run_at_once()
    {
        var id = await server.Http.CreateRun(ApiClient.Spec());
        var agent = await server.Play(id);

        agent.Exit(134 - 128, "Unhandled exception. System.DllNotFoundException: libtorch");

        Assert.Contains("libtorch", (await server.Http.InState(id, "Failed")).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_failure_for_good_is_not_tried_again_and_can_be_retried_by_hand()
    {
        var (id, agent) = await Start();
        (await agent.Commit(1)).EnsureSuccessStatusCode();

        await agent.End(RunEndKind.FailedForGood, "The loss is not a number.");
        agent.Exit(AgentProtocol.ExitFailed);

        var run = await server.Http.InState(id, "Failed");
        Assert.Equal("The loss is not a number.", run.GetProperty("reason").GetString());
        Assert.Equal(1, run.GetProperty("round").GetInt32());
        using var retry = await server.Http.PostAsync($"/api/v1/runs/{id}/retry", null);
        retry.EnsureSuccessStatusCode();
        var again = await server.Play(id, epoch: 2);
        Assert.Equal(1, (await again.Attach())!.CurrentRound);
        Assert.Equal(JsonValueKind.Null, (await server.Http.Run(id)).GetProperty("reason").ValueKind);
    }

    [Fact]
    public async Task A_run_that_is_asked_to_stop_is_killed_when_it_does_not()
    {
        var (id, agent) = await Start();
        using var stop = await server.Http.PostAsync($"/api/v1/runs/{id}/stop", null);
        stop.EnsureSuccessStatusCode();

        Assert.Equal("Stopping", await server.Http.State(id));
        Assert.Equal(RunOrder.Stop, (await agent.Renew()).Order);
        await server.Http.InState(id, "Stopped");
        await Waiting.Until(() => Task.FromResult(FedPlatform.Web.Scheduling.ProcessIdentity.Of(agent.ProcessId)), identity => identity is null);
    }

    [Fact]
    public async Task A_pause_lets_the_round_be_committed_and_a_resume_goes_on_from_it()
    {
        var (id, agent) = await Start();
        using var pause = await server.Http.PostAsync($"/api/v1/runs/{id}/pause", null);
        Assert.Equal("Pausing", await server.Http.State(id));
        Assert.Equal(RunOrder.Pause, (await agent.Renew()).Order);

        (await agent.Commit(1)).EnsureSuccessStatusCode();
        await agent.End(RunEndKind.Paused);
        agent.Exit(AgentProtocol.ExitPaused);
        Assert.Equal(1, (await server.Http.InState(id, "Paused")).GetProperty("round").GetInt32());

        using var resume = await server.Http.PostAsync($"/api/v1/runs/{id}/resume", null);
        var next = await server.Play(id, epoch: 2);
        Assert.Equal(1, (await next.Attach())!.CurrentRound);
    }

    [Fact]
    public async Task A_process_that_dies_while_pausing_leaves_the_run_paused()
    {
        var (id, agent) = await Start();
        using var pause = await server.Http.PostAsync($"/api/v1/runs/{id}/pause", null);

        agent.Kill();

        await server.Http.InState(id, "Paused");
    }

    [Fact]
    public async Task A_process_that_says_finished_too_early_has_failed()
    {
        var (id, agent) = await Start();
        (await agent.Commit(1)).EnsureSuccessStatusCode();

        await agent.End(RunEndKind.Finished);

        Assert.Contains("1 of 3", (await server.Http.InState(id, "Failed")).GetProperty("reason").GetString());
    }

    private async Task<(Guid Id, PlayedRun Agent)> Start(int rounds = 3)
    {
        var id = await server.Http.CreateRun(ApiClient.Spec(rounds: rounds));
        var agent = await server.Play(id);
        await agent.Attach();
        return (id, agent);
    }

    private async Task<IReadOnlyList<StateChange>> States(Guid id) => await server.Query(async db =>
        (await FedPlatform.Data.Queries.RunQueries.StoredEvents(db, id, 0, long.MaxValue, 1000, CancellationToken.None))
            .Where(e => e.Kind == RunEventKind.State).Select(e => e.State!).ToList());
}
