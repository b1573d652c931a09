using FedPlatform.Agent.Attached;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Learning.Federation;
using Microsoft.Extensions.Logging.Abstractions;

namespace FedPlatform.Agent.Tests.Attached;

public sealed class AttachedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_goes_to_its_end_under_the_lease_and_reports_everything_once()
    {
        await using FakeHost host = await FakeHost.Start();
        var runner = new FakeRunner { RoundTime = TimeSpan.FromMilliseconds(300) };

        int exit = await Run(host, runner);

        Assert.Equal(AgentProtocol.ExitFinished, exit);
        Assert.Equal([1, 2, 3], host.Rounds.Select(r => r.Round));
        Assert.Equal(RunEndKind.Finished, Assert.Single(host.Ends).Kind);
        Assert.Single(host.Partitions);
        Assert.Equal(["round 1 done", "round 2 done", "round 3 done"], host.Log.Select(l => l.Text));
        Assert.NotEmpty(host.Progress);
        Assert.Contains(host.Renewals, r => r.Round == 2 && r.MemoryBytes > 0);
        Assert.Equal(host.Run.ToString(), Assert.Single(host.Connections));
        Assert.Equal(0, host.Unauthorized);
    }

    [Fact]
    public async Task A_run_goes_on_from_the_committed_checkpoint_that_the_server_names()
    {
        await using FakeHost host = await FakeHost.Start();
        CheckpointFile checkpoint = FakeRunner.Checkpoint(_folder.Path, 2);
        (host.CurrentRound, host.Checkpoint, host.CheckpointSha256) = (2, checkpoint.Name, checkpoint.Sha256);
        var runner = new FakeRunner();

        Assert.Equal(AgentProtocol.ExitFinished, await Run(host, runner));

        Assert.Equal(checkpoint, runner.Input!.Resume);
        Assert.Equal([3], host.Rounds.Select(r => r.Round));
    }

    [Fact]
    public async Task A_missing_checkpoint_fails_for_good_with_its_name()
    {
        await using FakeHost host = await FakeHost.Start();
        (host.CurrentRound, host.Checkpoint, host.CheckpointSha256) = (2, "checkpoint-000002.safetensors", new string('0', 64));

        Assert.Equal(AgentProtocol.ExitFailed, await Run(host, new FakeRunner()));

        RunEnd end = Assert.Single(host.Ends);
        Assert.Equal(RunEndKind.FailedForGood, end.Kind);
        Assert.Contains("checkpoint-000002.safetensors is missing", end.Reason);
    }

    [Fact]
    public async Task A_commit_under_an_old_epoch_ends_the_process_as_fenced_without_a_last_word()
    {
        await using FakeHost host = await FakeHost.Start();
        AttachedOptions options = Options(host);
        var runner = new FakeRunner { InRound = round => { if (round == 2) host.Epoch++; } };

        Assert.Equal(AgentProtocol.ExitFenced, await Run(host, runner, options));

        Assert.Equal([1], host.Rounds.Select(r => r.Round));
        Assert.Empty(host.Ends);
    }

    [Fact]
    public async Task A_lease_that_is_no_longer_held_ends_the_process_in_the_middle_of_a_round()
    {
        await using FakeHost host = await FakeHost.Start();
        AttachedOptions options = Options(host);
        var runner = new FakeRunner { RoundTime = TimeSpan.FromMinutes(1), InRound = _ => host.Epoch++ };

        Assert.Equal(AgentProtocol.ExitFenced, await Run(host, runner, options));

        Assert.Empty(host.Rounds);
        Assert.Empty(host.Ends);
    }

    [Fact]
    public async Task A_fenced_loop_that_does_not_notice_is_left_behind()
    {
        await using FakeHost host = await FakeHost.Start();
        using var release = new ManualResetEventSlim();
        AttachedOptions options = Options(host) with { FencedGrace = TimeSpan.FromMilliseconds(50) };
        var runner = new FakeRunner
        {
            InRound = _ =>
            {
                host.Epoch++;
                release.Wait(TimeSpan.FromSeconds(30));
            },
        };

        Assert.Equal(AgentProtocol.ExitFenced, await Run(host, runner, options));
        release.Set();
    }

    [Fact]
    public async Task A_process_that_starts_with_an_old_epoch_touches_nothing()
    {
        await using FakeHost host = await FakeHost.Start();
        var runner = new FakeRunner();

        Assert.Equal(AgentProtocol.ExitFenced, await Run(host, runner, Options(host) with { Epoch = 6 }));

        Assert.Null(runner.Input);
    }

    [Fact]
    public async Task A_pause_order_from_the_hub_takes_effect_after_the_commit_of_the_round()
    {
        await using FakeHost host = await FakeHost.Start(new RunSpec { Dataset = "digits", Rounds = 1000 });
        Task<int> run = Run(host, new FakeRunner { RoundTime = TimeSpan.FromMilliseconds(50) });
        await FakeHost.Eventually(() => host.Rounds.Count > 0 && !host.Connections.IsEmpty, "the first round");

        await host.Order(RunOrder.Pause);

        Assert.Equal(AgentProtocol.ExitPaused, await run);
        Assert.Equal(RunEndKind.Paused, Assert.Single(host.Ends).Kind);
        Assert.Equal(host.Rounds.Count, host.CurrentRound);
    }

    [Fact]
    public async Task A_stop_order_in_the_answer_of_the_lease_abandons_the_round()
    {
        await using FakeHost host = await FakeHost.Start();
        Task<int> run = Run(host, new FakeRunner { RoundTime = TimeSpan.FromMinutes(1) });
        await FakeHost.Eventually(() => !host.Renewals.IsEmpty, "the first heartbeat");

        host.LeaseOrder = RunOrder.Stop;

        Assert.Equal(AgentProtocol.ExitStopped, await run);
        Assert.Equal(RunEndKind.Stopped, Assert.Single(host.Ends).Kind);
        Assert.Empty(host.Rounds);
    }

    [Fact]
    public async Task A_late_answer_cannot_take_an_order_back()
    {
        var orders = new Running.RunOrders();

        Assert.True(orders.Give(RunOrder.Pause));
        Assert.False(orders.Give(RunOrder.GoOn));
        Assert.Equal(RunOrder.Pause, orders.Current);
        Assert.True(orders.Give(RunOrder.Stop));
        Assert.False(orders.Give(RunOrder.Pause));
        Assert.Equal(RunOrder.Stop, orders.Current);
        orders.FenceOff("gone");
        Assert.Throws<FencedException>(() => orders.Current);
        await orders.Fenced.WaitAsync(Ct);
    }

    [Fact]
    public async Task A_server_that_is_away_for_a_while_costs_nothing_and_no_round_counts_twice()
    {
        await using FakeHost host = await FakeHost.Start(new RunSpec { Dataset = "digits", Rounds = 4 });
        var runner = new FakeRunner
        {
            InRound = round =>
            {
                if (round != 3) return;
                host.Down().Wait();
                _ = Task.Run(async () =>
                {
                    await Task.Delay(1500);
                    await host.Up();
                });
            },
        };

        Assert.Equal(AgentProtocol.ExitFinished, await Run(host, runner));

        Assert.Equal([1, 2, 3, 4], host.Rounds.Select(r => r.Round));
        Assert.Equal(RunEndKind.Finished, Assert.Single(host.Ends).Kind);
        Assert.Contains(host.Log, l => l.Text == "round 4 done");
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_repeated_and_accepted()
    {
        await using FakeHost host = await FakeHost.Start();
        host.CommitAnswersToLose = 1;

        Assert.Equal(AgentProtocol.ExitFinished, await Run(host, new FakeRunner()));

        Assert.Equal([1, 2, 3], host.Rounds.Select(r => r.Round));
        Assert.Equal(4, host.CommitRequests);
    }

    [Fact]
    public async Task Server_errors_are_repeated_and_a_refusal_is_not()
    {
        await using FakeHost host = await FakeHost.Start();
        host.CommitFaults.Enqueue(500);
        host.CommitFaults.Enqueue(503);
        host.CommitFaults.Enqueue(400);

        Assert.Equal(AgentProtocol.ExitFailed, await Run(host, new FakeRunner()));

        Assert.Equal(3, host.CommitRequests);
        RunEnd end = Assert.Single(host.Ends);
        Assert.Equal(RunEndKind.FailedForGood, end.Kind);
        Assert.Contains("400 as told", end.Reason);
    }

    [Fact]
    public async Task A_server_without_room_pauses_the_run()
    {
        await using FakeHost host = await FakeHost.Start();
        host.CommitFaults.Enqueue(507);

        Assert.Equal(AgentProtocol.ExitPaused, await Run(host, new FakeRunner()));

        Assert.Equal(RunEndKind.DiskFull, Assert.Single(host.Ends).Kind);
        Assert.Empty(host.Rounds);
    }

    [Fact]
    public async Task A_server_that_stays_away_longer_than_the_lease_means_fenced()
    {
        await using FakeHost host = await FakeHost.Start();
        var runner = new FakeRunner { InRound = _ => host.Down().Wait() };

        int exit = await Run(host, runner, Options(host) with { LeaseLifetime = TimeSpan.FromMilliseconds(600) });

        Assert.Equal(AgentProtocol.ExitFenced, exit);
    }

    [Fact]
    public async Task A_lost_hub_connection_is_made_again_and_no_log_line_is_lost()
    {
        await using FakeHost host = await FakeHost.Start(new RunSpec { Dataset = "digits", Rounds = 30 });
        Task<int> run = Run(host, new FakeRunner { RoundTime = TimeSpan.FromMilliseconds(50) });
        await FakeHost.Eventually(() => host.Log.Count > 2, "log lines");

        await host.Down();
        await Task.Delay(200, Ct);
        await host.Up();

        Assert.Equal(AgentProtocol.ExitFinished, await run);
        Assert.Equal(Enumerable.Range(1, 30).Select(r => $"round {r} done"), host.Log.Select(l => l.Text).Distinct());
        Assert.True(host.Connections.Count >= 2);
    }

    [Fact]
    public async Task A_failure_reaches_the_server_with_a_sentence_and_the_trace_apart()
    {
        await using FakeHost host = await FakeHost.Start();
        var runner = new FakeRunner { InRound = round => { if (round == 2) throw new RunFailedException("The loss of client 3 is not a number.", "native trace"); } };

        Assert.Equal(AgentProtocol.ExitFailed, await Run(host, runner));

        RunEnd end = Assert.Single(host.Ends);
        Assert.Equal((RunEndKind.FailedForGood, "The loss of client 3 is not a number.", "native trace"), (end.Kind, end.Reason, end.Detail));
        Assert.Equal(host.Epoch, end.Epoch);
        Assert.Contains(host.Log, l => l.Level == "error" && l.Text == end.Reason);
    }

    [Fact]
    public async Task The_end_of_standard_input_is_noticed()
    {
        var gone = new TaskCompletionSource();
        await using var parent = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        await using var child = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.In, parent.ClientSafePipeHandle);
        ParentWatch.Start(child, () => gone.SetResult());

        await parent.WriteAsync(new byte[] { 1, 2, 3 }, Ct);
        await parent.FlushAsync(Ct);
        await Task.Delay(50, Ct);
        Assert.False(gone.Task.IsCompleted);

        await parent.DisposeAsync();
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct);
    }

    public void Dispose() => _folder.Dispose();

    private AttachedOptions Options(FakeHost host) => new()
    {
        Server = host.Address,
        Run = host.Run,
        Epoch = host.Epoch,
        Token = FakeHost.Token,
        Folder = _folder.Path,
        FirstPause = TimeSpan.FromMilliseconds(20),
        LongestPause = TimeSpan.FromMilliseconds(200),
        LogPause = TimeSpan.FromMilliseconds(30),
        ProgressPause = TimeSpan.FromMilliseconds(30),
    };

    private Task<int> Run(FakeHost host, FakeRunner runner, AttachedOptions? options = null) =>
        new AttachedRun(runner, options ?? Options(host), TimeProvider.System, NullLogger.Instance).Run(Ct);
}
