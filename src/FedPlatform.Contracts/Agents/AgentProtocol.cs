using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Contracts.Agents;

/// <summary>Addresses and names of the protocol between a run's process and the web host. Bearer: the lease's token.</summary>
public static class AgentProtocol
{
    /// <summary>Events and progress, agent → web; orders, web → agent.</summary>
    public const string HubPath = "/hubs/agent";

    /// <summary>Environment variable that carries the lease token to a child process (never on the command line).</summary>
    public const string TokenVariable = "FEDPLATFORM_LEASE_TOKEN";

    /// <summary><c>GET</c>: <see cref="RunAssignment"/>.</summary>
    public static string AssignmentPath(Guid run) => $"/agent/v1/runs/{run}";

    /// <summary><c>POST</c> <see cref="LeaseRenewal"/> → <see cref="LeaseAnswer"/>.</summary>
    public static string LeasePath(Guid run) => $"/agent/v1/runs/{run}/lease";

    /// <summary><c>POST</c> <see cref="PartitionReport"/>: once a run, repeated posts of the same report are accepted.</summary>
    public static string PartitionPath(Guid run) => $"/agent/v1/runs/{run}/partition";

    /// <summary><c>POST</c> <see cref="RoundCommit"/> → 200 when committed (also when this very commit was made before), 409 when fenced.</summary>
    public static string CommitPath(Guid run) => $"/agent/v1/runs/{run}/rounds";

    /// <summary><c>POST</c> <see cref="RunEnd"/>.</summary>
    public static string EndPath(Guid run) => $"/agent/v1/runs/{run}/end";

    /// <summary>Header of every agent request: the lease's epoch.</summary>
    public const string EpochHeader = "X-Lease-Epoch";

    /// <summary>Exit codes of <c>agent run</c>.</summary>
    public const int ExitFinished = 0, ExitFailed = 1, ExitBadInput = 2, ExitPaused = 3, ExitStopped = 4, ExitFenced = 5;
}

/// <summary>What a process that holds a run's lease needs to start or to go on.</summary>
public sealed record RunAssignment
{
    public required Guid RunId { get; init; }
    public required RunSpec Spec { get; init; }

    /// <summary>Committed rounds; the process goes on with the next.</summary>
    public required int CurrentRound { get; init; }

    /// <summary>The committed checkpoint's file name in the run's folder, or null at round 0.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>Its SHA-256, hex, checked before use.</summary>
    public string? CheckpointSha256 { get; init; }
}

/// <summary>Sent every <see cref="LeaseAnswer.HeartbeatSeconds"/>.</summary>
public sealed record LeaseRenewal
{
    public required long Epoch { get; init; }
    public int Round { get; init; }
    public long MemoryBytes { get; init; }
}

public sealed record LeaseAnswer
{
    /// <summary>False: another process holds the run; drop everything and exit.</summary>
    public required bool Held { get; init; }

    public RunOrder Order { get; init; }

    public double HeartbeatSeconds { get; init; } = 15;
}

public enum RunOrder
{
    GoOn,

    /// <summary>Commit the round in progress, then exit with <see cref="AgentProtocol.ExitPaused"/>.</summary>
    Pause,

    /// <summary>Abandon the round in progress and exit with <see cref="AgentProtocol.ExitStopped"/>.</summary>
    Stop,
}

/// <summary>The one write that advances a run: in one transaction, fenced by epoch and by <c>CurrentRound = Report.Round − 1</c>.</summary>
public sealed record RoundCommit
{
    public required long Epoch { get; init; }
    public required RoundReport Report { get; init; }
    public required CheckpointFile Checkpoint { get; init; }
}

/// <summary>A file in the run's folder, complete and fsynced before it is named in a commit.</summary>
public sealed record CheckpointFile
{
    /// <summary>Name without a folder.</summary>
    public required string Name { get; init; }

    /// <summary>Hex.</summary>
    public required string Sha256 { get; init; }

    public required long Bytes { get; init; }
}

/// <summary>Why the process ends.</summary>
public sealed record RunEnd
{
    public required long Epoch { get; init; }
    public required RunEndKind Kind { get; init; }

    /// <summary>For people: what happened and what to do.</summary>
    public string? Reason { get; init; }

    /// <summary>The long native trace, for the log.</summary>
    public string? Detail { get; init; }
}

public enum RunEndKind
{
    Finished,
    Paused,
    Stopped,

    /// <summary>The same would happen again: bad spec, missing data, NaN, out of memory. Not retried.</summary>
    FailedForGood,

    /// <summary>No room on the disk: nothing was committed, the run pauses with the reason.</summary>
    DiskFull,
}

/// <summary>Methods of the hub at <see cref="AgentProtocol.HubPath"/>, called by the agent.</summary>
public interface IAgentHub
{
    /// <summary>Log lines, in order; stored.</summary>
    Task Log(long epoch, IReadOnlyList<LogLine> lines);

    /// <summary>The newest progress only; not stored.</summary>
    Task Progress(long epoch, RoundProgress progress);
}

/// <summary>Called by the web host on the agent.</summary>
public interface IAgentClient
{
    Task Order(RunOrder order);
}
