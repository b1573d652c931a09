using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Scheduling;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace FedPlatform.Web.Tests.Supervision;

/// <summary>On a clock of the test's own: nothing here waits for time to pass.</summary>
public class ReconcilerTests
{
    [Fact]
    public async Task A_lease_that_runs_out_loses_its_run_to_the_next_process()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = new PlayedServer(new Dictionary<string, string?>(), time);
        var id = await server.Http.CreateRun(ApiClient.Spec());
        var agent = await server.Play(id);
        await agent.Attach();
        var reconciler = server.Services.GetRequiredService<Reconciler>();

        time.Advance(TimeSpan.FromSeconds(40));
        Assert.True((await agent.Renew()).Held);
        time.Advance(TimeSpan.FromSeconds(40));
        await reconciler.Reconcile(CancellationToken.None);
        Assert.Equal("Running", await server.Http.State(id));

        time.Advance(TimeSpan.FromSeconds(6));
        await reconciler.Reconcile(CancellationToken.None);

        var run = await server.Query(db => db.Runs.AsNoTracking().SingleAsync(r => r.Id == id));
        Assert.Equal(RunState.Queued, run.State);
        Assert.Contains("said nothing for 45 seconds", run.Reason);
        Assert.Equal(1, run.FailuresInARow);
        await Waiting.Until(() => Task.FromResult(ProcessIdentity.Of(agent.ProcessId)), identity => identity is null);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await agent.Commit(1)).StatusCode);
    }

    [Fact]
    public async Task A_run_that_paused_for_want_of_disk_resumes_when_there_is_room_and_others_do_not()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = new PlayedServer(new Dictionary<string, string?>(), time);
        var full = await Paused(server, RunEndKind.DiskFull);
        var person = await Paused(server, RunEndKind.Paused);
        var reconciler = server.Services.GetRequiredService<Reconciler>();
        Assert.Contains("disk is full", (await server.Http.Run(full)).GetProperty("reason").GetString());

        await reconciler.Reconcile(CancellationToken.None);
        Assert.Equal("Paused", await server.Http.State(full));

        time.Advance(TimeSpan.FromMinutes(2));
        await reconciler.Reconcile(CancellationToken.None);

        Assert.NotEqual("Paused", await server.Http.State(full));
        Assert.Equal("Paused", await server.Http.State(person));
    }

    [Fact]
    public async Task Without_room_a_run_stays_paused()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = new PlayedServer(new Dictionary<string, string?> { ["Storage:MinimumFreeBytes"] = long.MaxValue.ToString() }, time);
        var full = await Paused(server, RunEndKind.DiskFull);

        time.Advance(TimeSpan.FromMinutes(2));
        await server.Services.GetRequiredService<Reconciler>().Reconcile(CancellationToken.None);

        Assert.Equal("Paused", await server.Http.State(full));
    }

    [Fact]
    public async Task A_queued_run_that_the_scheduler_forgot_is_remembered()
    {
        await using var server = new PlayedServer();
        var blocker = await server.Http.CreateRun(ApiClient.Spec(device: "cuda:0"));
        await server.Play(blocker);
        var forgotten = await server.Http.CreateRun(ApiClient.Spec(device: "cuda:0"));
        var queue = server.Services.GetRequiredService<QuartzRunQueue>();
        await queue.Remove(forgotten, CancellationToken.None);
        Assert.DoesNotContain(await queue.Waiting(CancellationToken.None), name => name.StartsWith(forgotten.ToString("N"), StringComparison.Ordinal));

        await server.Services.GetRequiredService<Reconciler>().Reconcile(CancellationToken.None);

        Assert.Contains(await queue.Waiting(CancellationToken.None), name => name.StartsWith(forgotten.ToString("N"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_lost_run_that_nobody_requeued_is_queued_again()
    {
        await using var server = new PlayedServer();
        var id = await server.Http.CreateRun(ApiClient.Spec(device: "cuda:0"));
        var agent = await server.Play(id);
        await agent.End(RunEndKind.FailedForGood, "for the test");
        await server.Services.GetRequiredService<DatabaseWriter>().Write(
            scope => scope.Db.Runs.Where(r => r.Id == id).ExecuteUpdateAsync(s => s.SetProperty(r => r.State, RunState.Lost)), CancellationToken.None);

        await server.Services.GetRequiredService<Reconciler>().Reconcile(CancellationToken.None);

        Assert.Equal("Queued", await server.Http.State(id));
    }

    [Fact]
    public async Task Without_an_agent_a_run_fails_at_once_and_says_what_is_missing()
    {
        await using var server = new PlatformServer(new Dictionary<string, string?> { ["Agent:Path"] = "/nowhere/FedPlatform.Agent.dll" });
        var id = await server.Http.CreateRun(ApiClient.Spec());

        var run = await server.Http.InState(id, "Failed");

        Assert.Contains("/nowhere/FedPlatform.Agent.dll", run.GetProperty("reason").GetString());
    }

    [Fact]
    public void A_process_is_told_from_a_later_one_of_the_same_id()
    {
        var mine = ProcessIdentity.Of(Environment.ProcessId);

        Assert.NotNull(mine);
        Assert.Equal(mine, ProcessIdentity.Of(Environment.ProcessId));
        Assert.False(ProcessIdentity.Kill(Environment.ProcessId, mine + "0"));
    }

    private static async Task<Guid> Paused(PlayedServer server, RunEndKind kind)
    {
        var id = await server.Http.CreateRun(ApiClient.Spec());
        var agent = await server.Play(id);
        await agent.Attach();
        await agent.End(kind);
        agent.Exit(AgentProtocol.ExitPaused);
        await server.Http.InState(id, "Paused");
        return id;
    }
}
