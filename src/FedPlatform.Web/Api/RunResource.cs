using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Api;

/// <summary>A run as the API shows it: the summary's numbers, flat, and what the list shows beside them.</summary>
public sealed record RunResource
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required RunState State { get; init; }

    /// <summary>Committed rounds.</summary>
    public required int Round { get; init; }

    public required int Rounds { get; init; }

    /// <summary>GM after GLA-FR; the classifier itself for algorithms without realignment.</summary>
    public required Measure Gm { get; init; }

    /// <summary>GM of the head that trains the backbone (SSE-C).</summary>
    public required Measure GmClassifier { get; init; }

    public required Measure Pm { get; init; }
    public GroupAccuracy? Groups { get; init; }
    public double? Loss { get; init; }
    public string? Reason { get; init; }

    /// <summary>Training seconds over all committed rounds.</summary>
    public double Seconds { get; init; }

    /// <summary>Expected rest, seconds.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>SHA-256 of the last committed checkpoint.</summary>
    public string? Checkpoint { get; init; }

    public int? QueuePosition { get; init; }
    public required string Owner { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public required string Algorithm { get; init; }
    public required string Dataset { get; init; }
    public required string Model { get; init; }
    public required double ImbalanceFactor { get; init; }
    public required double Alpha { get; init; }
    public required int Clients { get; init; }
    public required string Device { get; init; }

    /// <summary>The whole spec; in the list only by its columns.</summary>
    public RunSpec? Spec { get; init; }

    /// <summary>Sequence of the newest stored event: subscribe to the hub from here.</summary>
    public long? Sequence { get; init; }

    public Guid? Parent { get; init; }

    /// <summary>Times the run's process was started.</summary>
    public int? Attempts { get; init; }

    internal static RunResource Of(RunDetail detail) => Of(detail.Row) with
    {
        Spec = detail.Spec,
        Sequence = detail.Sequence,
        Parent = detail.Parent,
        Attempts = detail.Attempts,
    };

    internal static RunResource Of(RunRow row) => new()
    {
        Id = row.Id,
        Name = row.Name,
        State = row.Summary.State,
        Round = row.Summary.Round,
        Rounds = row.Summary.Rounds,
        Gm = row.Summary.Gm,
        GmClassifier = row.Summary.GmClassifier,
        Pm = row.Summary.Pm,
        Groups = row.Summary.Groups,
        Loss = row.Summary.Loss,
        Reason = row.Summary.Reason,
        Seconds = row.Summary.Seconds,
        EtaSeconds = row.Eta?.TotalSeconds,
        Checkpoint = row.Summary.Checkpoint,
        QueuePosition = row.QueuePosition,
        Owner = row.Owner,
        CreatedAt = row.CreatedAt,
        StartedAt = row.StartedAt,
        EndedAt = row.EndedAt,
        Algorithm = row.Algorithm,
        Dataset = row.Dataset,
        Model = row.Model,
        ImbalanceFactor = row.ImbalanceFactor,
        Alpha = row.Alpha,
        Clients = row.Clients,
        Device = row.Device,
    };
}
