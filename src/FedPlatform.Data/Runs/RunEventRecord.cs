using FedPlatform.Contracts.Live;

namespace FedPlatform.Data.Runs;

/// <summary>A stored event of a run. A round's payload is its <see cref="RoundRecord"/>; the others carry theirs as JSON.</summary>
public sealed class RunEventRecord
{
    public Guid RunId { get; set; }

    /// <summary>Grows by one an event a run.</summary>
    public long Sequence { get; set; }

    public RunEventKind Kind { get; set; }
    public DateTimeOffset At { get; set; }

    /// <summary>Set when <see cref="Kind"/> is <see cref="RunEventKind.Round"/>.</summary>
    public int? Round { get; set; }

    public string? Payload { get; set; }
}
