using FedPlatform.Contracts.Runs;

namespace FedPlatform.Data.Runs;

/// <summary>One run: its spec, its state, its lease, and the few numbers that lists show. The only truth about a run.</summary>
public sealed class RunRecord
{
    public Guid Id { get; set; }
    public Guid TeamId { get; set; }
    public Guid OwnerId { get; set; }

    /// <summary>Name of the owner when the run was made.</summary>
    public required string OwnerName { get; set; }

    /// <summary>The run this one was cloned from.</summary>
    public Guid? ParentId { get; set; }

    // The spec, whole and in the columns that lists filter and sort by.
    public required string Name { get; set; }
    public required string SpecJson { get; set; }
    public required string Algorithm { get; set; }
    public required string Dataset { get; set; }
    public required string Model { get; set; }
    public required string Device { get; set; }
    public double ImbalanceFactor { get; set; }
    public double Alpha { get; set; }
    public int Clients { get; set; }
    public int Rounds { get; set; }
    public int KeepCheckpoints { get; set; }

    public RunState State { get; set; }

    /// <summary>Why the run failed, paused by itself or was requeued.</summary>
    public string? Reason { get; set; }

    /// <summary>True when the disk was full: the reconciler resumes the run when there is room.</summary>
    public bool WaitsForDisk { get; set; }

    /// <summary>Committed rounds.</summary>
    public int CurrentRound { get; set; }

    // The lease: who may write, fenced by an epoch that only grows.
    public string? LeaseOwner { get; set; }
    public long LeaseEpoch { get; set; }
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>SHA-256 of the lease's token, hex.</summary>
    public string? LeaseTokenHash { get; set; }

    public int? ProcessId { get; set; }

    /// <summary>Tells the process from a later one of the same id.</summary>
    public string? ProcessIdentity { get; set; }

    public long? MemoryBytes { get; set; }

    /// <summary>Times a process was started.</summary>
    public int Attempts { get; set; }

    /// <summary>Processes lost since the last committed round.</summary>
    public int FailuresInARow { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Place in the queue: the run may start from here on, the earliest first.</summary>
    public DateTimeOffset DueAt { get; set; }

    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Sequence of the newest event.</summary>
    public long LastSequence { get; set; }

    public MeasureColumns Gm { get; set; } = new();
    public MeasureColumns GmClassifier { get; set; } = new();
    public MeasureColumns Pm { get; set; } = new();
    public double? Head { get; set; }
    public double? Medium { get; set; }
    public double? Tail { get; set; }
    public double? Loss { get; set; }

    /// <summary>Training seconds over all committed rounds.</summary>
    public double Seconds { get; set; }

    /// <summary>Median seconds of the last rounds.</summary>
    public double? RoundSeconds { get; set; }

    public string? CheckpointName { get; set; }
    public string? CheckpointSha256 { get; set; }
}

/// <summary>Last and best of a measure.</summary>
public sealed class MeasureColumns
{
    public double? Last { get; set; }
    public double? Best { get; set; }
    public int? BestRound { get; set; }

    public Measure ToMeasure() => new() { Last = Last, Best = Best, BestRound = BestRound };

    /// <summary>Takes one more round in; a null value changes nothing.</summary>
    public void Add(double? value, int round)
    {
        var next = ToMeasure().With(value, round);
        (Last, Best, BestRound) = (next.Last, next.Best, next.BestRound);
    }
}
