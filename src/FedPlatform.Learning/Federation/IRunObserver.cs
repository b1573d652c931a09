using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// What the round loop tells whoever started it, and what it asks. Called from the loop's thread only;
/// an exception thrown here ends the run and reaches the caller unchanged.
/// </summary>
public interface IRunObserver
{
    /// <summary>Asked before each client and each phase: a stop abandons the round, a pause takes effect after its commit.</summary>
    RunOrder Order { get; }

    void Partitioned(PartitionReport report);

    /// <summary>At most some ten times a second.</summary>
    void Progress(RoundProgress progress);

    void Log(string level, string text);

    /// <summary>
    /// The round is complete and its checkpoint fsynced: make it count. Returns when it does; throws
    /// <see cref="FencedException"/> when another process holds the run.
    /// </summary>
    void Commit(RoundReport report, CheckpointFile checkpoint);
}

/// <summary>Another process holds the run: nothing this one does counts any more.</summary>
public sealed class FencedException(string message) : Exception(message);

/// <summary>A failure that would happen again; the message is written for people.</summary>
public sealed class RunFailedException(string reason, string? detail = null, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>The long native trace, when there is one.</summary>
    public string? Detail { get; } = detail;
}
