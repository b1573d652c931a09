using System.Security.Cryptography;
using System.Text;
using FedPlatform.Agent.Running;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Agent.Tests;

/// <summary>A round loop without torch that keeps the real one's promises: orders between steps, a checkpoint on the disk before each commit.</summary>
public sealed class FakeRunner : IRunner
{
    /// <summary>Called within each round, before its commit.</summary>
    public Action<int> InRound { get; init; } = _ => { };

    public TimeSpan RoundTime { get; init; } = TimeSpan.FromMilliseconds(1);

    public RunnerInput? Input { get; private set; }

    public Func<int, double> Gm { get; init; } = round => round / 100.0;

    public RunEndKind Run(RunnerInput input, IRunObserver observer, CancellationToken cancellationToken)
    {
        Input = input;
        observer.Partitioned(new PartitionReport
        {
            ClassNames = ["a", "b"],
            ClassCounts = [3, 1],
            TestCounts = [2, 2],
            GroupsByCounts = ["tail", "tail"],
            GroupsByCumulative = ["head", "tail"],
            ClientSizes = [3, 1],
            Counts = [[3, 0], [0, 1]],
            LocalTestCounts = [[2, 0], [0, 2]],
        });
        for (int round = input.CommittedRounds + 1; round <= input.Spec.Rounds; round++)
        {
            InRound(round);
            for (var left = RoundTime; left > TimeSpan.Zero; left -= TimeSpan.FromMilliseconds(10))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (observer.Order == RunOrder.Stop) return RunEndKind.Stopped;
                Thread.Sleep(left < TimeSpan.FromMilliseconds(10) ? left : TimeSpan.FromMilliseconds(10));
            }

            observer.Progress(new RoundProgress { Round = round, Phase = "train", ClientsDone = 1, ClientsTotal = 2 });
            observer.Log("info", $"round {round} done");
            observer.Commit(new RoundReport { Round = round, Gm = Gm(round), Pm = 0.5, Loss = 1, Seconds = 1 }, Checkpoint(input.Folder, round));
            if (observer.Order == RunOrder.Pause && round < input.Spec.Rounds) return RunEndKind.Paused;
        }

        return RunEndKind.Finished;
    }

    /// <summary>Bytes that depend on the round alone.</summary>
    public static CheckpointFile Checkpoint(string folder, int round)
    {
        string name = $"checkpoint-{round:000000}.safetensors";
        byte[] bytes = Encoding.UTF8.GetBytes($"model after {round}");
        File.WriteAllBytes(Path.Combine(folder, name), bytes);
        return new CheckpointFile { Name = name, Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), Bytes = bytes.Length };
    }
}
