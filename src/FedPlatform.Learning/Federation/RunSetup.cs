using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;

namespace FedPlatform.Learning.Federation;

/// <summary>All a run needs.</summary>
/// <param name="Folder">Checkpoints go here; created when missing.</param>
/// <param name="CacheFolder">Shared between runs: SSE-C classifiers.</param>
/// <param name="Resume">The last committed checkpoint, or null at round 0.</param>
/// <param name="CommittedRounds">Rounds that count already.</param>
public sealed record RunSetup(RunSpec Spec, LoadedDataset Data, string Folder, string CacheFolder, CheckpointFile? Resume, int CommittedRounds);

public enum RunOutcome
{
    /// <summary>All rounds are committed.</summary>
    Finished,

    /// <summary>Asked to pause; everything up to the last round is committed.</summary>
    Paused,

    /// <summary>Asked to stop; the round in progress was abandoned.</summary>
    Stopped,
}
