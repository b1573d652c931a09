using FedPlatform.Agent.Tests.Attached;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Agent.Tests.Executable;

/// <summary>The executable as the web host starts it: real training, real wire.</summary>
public sealed class AttachedTests : IDisposable
{
    private static readonly RunSpec s_spec = new()
    {
        Dataset = "digits",
        Seed = 3,
        LongTail = new LongTailSpec { ImbalanceFactor = 20 },
        Partition = new PartitionSpec { Clients = 6 },
        Model = "cnn",
        Algorithm = new AlgorithmSpec { Name = "fedloge", LocalEpochs = 1, BatchSize = 16, ClassifierSteps = 200 },
        Participation = 0.5,
        Rounds = 3,
    };

    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public async Task A_child_trains_under_its_lease_and_ends_with_the_process_that_was_interrupted()
    {
        await using FakeHost host = await FakeHost.Start(s_spec);
        using (Agent first = Start(host))
        {
            await FakeHost.Eventually(() => host.CurrentRound > 0, "a commit");
            first.Process.Kill();
            await first.End();
        }

        host.Epoch++;
        using Agent second = Start(host);
        (int exit, string output, string error) = await second.End();

        Assert.True(exit == AgentProtocol.ExitFinished, error + output);
        Assert.Equal([1, 2, 3], host.Rounds.Select(r => r.Round));
        Assert.Equal(RunEndKind.Finished, Assert.Single(host.Ends).Kind);
        Assert.All(host.Rounds, r => Assert.NotNull(r.Gm));
        Assert.True(File.Exists(Path.Combine(_temporary["runs/one"], host.Checkpoint!)));
    }

    [Fact]
    public async Task A_child_whose_standard_input_closes_is_gone_at_once()
    {
        await using FakeHost host = await FakeHost.Start(s_spec with { Rounds = 100_000 });
        using Agent agent = Start(host);
        await FakeHost.Eventually(() => host.CurrentRound > 0, "a commit");

        agent.Process.StandardInput.Close();

        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await agent.Process.WaitForExitAsync(soon.Token);
        Assert.Empty(host.Ends);
    }

    [Fact]
    public async Task A_spec_that_cannot_run_is_told_to_the_server()
    {
        await using FakeHost host = await FakeHost.Start(s_spec with { Partition = new PartitionSpec { Alpha = -1 } });
        using Agent agent = Start(host);

        Assert.Equal(AgentProtocol.ExitBadInput, (await agent.End()).Exit);

        RunEnd end = Assert.Single(host.Ends);
        Assert.Equal(RunEndKind.FailedForGood, end.Kind);
        Assert.StartsWith("partition.alpha: ", end.Reason);
    }

    [Fact]
    public async Task Without_the_token_nothing_is_asked_of_the_server()
    {
        await using FakeHost host = await FakeHost.Start(s_spec);
        using Agent agent = Start(host, token: "");

        (int exit, _, string error) = await agent.End();

        Assert.Equal(AgentProtocol.ExitBadInput, exit);
        Assert.Contains(AgentProtocol.TokenVariable, error);
        Assert.Equal(0, host.Unauthorized);
    }

    public void Dispose() => _temporary.Dispose();

    private Agent Start(FakeHost host, string token = FakeHost.Token) => Agent.Start(
        ["run", "--server", host.Address.ToString(), "--run", host.Run.ToString(), "--epoch", host.Epoch.ToString(), "--out", _temporary["runs/one"], "--data", _temporary.Path],
        new Dictionary<string, string> { [AgentProtocol.TokenVariable] = token });
}
