using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Learning.Tests;

/// <summary>Keeps what a run reports; <see cref="Orders"/> answers by committed rounds.</summary>
internal sealed class RecordingObserver : IRunObserver
{
    public List<RoundReport> Rounds { get; } = [];

    public List<CheckpointFile> Checkpoints { get; } = [];

    public List<RoundProgress> Seen { get; } = [];

    public List<string> Lines { get; } = [];

    public PartitionReport? Partition { get; private set; }

    public Func<RecordingObserver, RunOrder> Orders { get; init; } = _ => RunOrder.GoOn;

    public RunOrder Order => Orders(this);

    public void Partitioned(PartitionReport report) => Partition = report;

    public void Progress(RoundProgress progress) => Seen.Add(progress);

    public void Log(string level, string text) => Lines.Add($"{level}: {text}");

    public void Commit(RoundReport report, CheckpointFile checkpoint)
    {
        Rounds.Add(report);
        Checkpoints.Add(checkpoint);
    }
}
