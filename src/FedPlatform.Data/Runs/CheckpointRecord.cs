namespace FedPlatform.Data.Runs;

/// <summary>A committed checkpoint whose file is kept in the run's folder.</summary>
public sealed class CheckpointRecord
{
    /// <summary>Opaque: the only thing a download names.</summary>
    public Guid Id { get; set; }
    public Guid RunId { get; set; }
    public int Round { get; set; }

    /// <summary>File name without a folder.</summary>
    public required string Name { get; set; }

    /// <summary>Hex.</summary>
    public required string Sha256 { get; set; }
    public long Bytes { get; set; }

    /// <summary>The measure that decides which one is the best: GM of the round, or null.</summary>
    public double? Gm { get; set; }

    public DateTimeOffset CommittedAt { get; set; }
}

/// <summary>Who holds what, as the run's process found it.</summary>
public sealed class PartitionRecord
{
    public Guid RunId { get; set; }

    /// <summary>A packed partition report.</summary>
    public required byte[] Report { get; set; }
}
