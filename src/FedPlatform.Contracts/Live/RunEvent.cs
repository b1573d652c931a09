using FedPlatform.Contracts.Runs;

namespace FedPlatform.Contracts.Live;

/// <summary>
/// One thing that happened to a run, in order. <see cref="Sequence"/> grows by one an event a run; a reader that knows n asks for what came after n.
/// Exactly one of the payload properties is set, by <see cref="Kind"/>.
/// </summary>
public sealed record RunEvent
{
    public required Guid RunId { get; init; }
    public required long Sequence { get; init; }
    public required RunEventKind Kind { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary><see cref="RunEventKind.State"/>: the new state and its reason.</summary>
    public StateChange? State { get; init; }

    /// <summary><see cref="RunEventKind.Round"/>: the committed round.</summary>
    public RoundReport? Round { get; init; }

    /// <summary><see cref="RunEventKind.Log"/>.</summary>
    public LogLine? Log { get; init; }

    /// <summary><see cref="RunEventKind.Progress"/>: within the round; never stored, its sequence is that of the last stored event.</summary>
    public RoundProgress? Progress { get; init; }
}

public enum RunEventKind
{
    State,
    Round,
    Log,
    Progress,
}

public sealed record StateChange
{
    public required RunState State { get; init; }
    public string? Reason { get; init; }
}

public sealed record LogLine
{
    public required DateTimeOffset At { get; init; }

    /// <summary><c>info</c>, <c>warning</c> or <c>error</c>.</summary>
    public required string Level { get; init; }

    public required string Text { get; init; }
}

/// <summary>Where the round in progress stands.</summary>
public sealed record RoundProgress
{
    /// <summary>1-based round in progress.</summary>
    public required int Round { get; init; }

    /// <summary><c>classifier</c> (building SSE-C), <c>train</c>, <c>evaluate</c>, <c>checkpoint</c>.</summary>
    public required string Phase { get; init; }

    public int ClientsDone { get; init; }
    public int ClientsTotal { get; init; }

    /// <summary>Steps done and in all, of the phase.</summary>
    public long StepsDone { get; init; }
    public long StepsTotal { get; init; }

    /// <summary>Resident memory of the run's process, bytes.</summary>
    public long MemoryBytes { get; init; }
}
