namespace FedPlatform.Contracts.Runs;

/// <summary>Last and best of a measure over the committed rounds, fractions in [0, 1].</summary>
public sealed record Measure
{
    public double? Last { get; init; }
    public double? Best { get; init; }

    /// <summary>The round of <see cref="Best"/>, 1-based.</summary>
    public int? BestRound { get; init; }

    /// <summary>This measure after one more round; a null value changes nothing.</summary>
    public Measure With(double? value, int round) => value is not { } v
        ? this
        : new Measure { Last = v, Best = Best is { } b && b >= v ? b : v, BestRound = Best is { } best && best >= v ? BestRound : round };
}

/// <summary>A run in a few numbers: <c>summary.json</c>, a row of the runs list, the core of <c>GET /runs/{id}</c>.</summary>
public sealed record RunSummary
{
    public required RunState State { get; init; }

    /// <summary>Committed rounds.</summary>
    public required int Round { get; init; }

    public required int Rounds { get; init; }

    /// <summary>GM after GLA-FR (the classifier itself for algorithms without realignment).</summary>
    public Measure Gm { get; init; } = new();

    /// <summary>GM of the SSE-C head (the classifier that trains the backbone).</summary>
    public Measure GmClassifier { get; init; } = new();

    public Measure Pm { get; init; } = new();

    /// <summary>Head / medium / tail of the last evaluated round's GM.</summary>
    public GroupAccuracy? Groups { get; init; }

    public double? Loss { get; init; }

    /// <summary>Why the run failed, paused by itself or was requeued; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>Training seconds over all committed rounds.</summary>
    public double Seconds { get; init; }

    /// <summary>SHA-256 of the last committed checkpoint, hex.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>File name of the last committed checkpoint in the run's folder; null before the first.</summary>
    public string? CheckpointName { get; init; }

    /// <summary>This summary after one more committed round.</summary>
    public RunSummary With(RoundReport report, string? checkpoint) => this with
    {
        Round = report.Round,
        Gm = Gm.With(report.Gm, report.Round),
        GmClassifier = GmClassifier.With(report.GmClassifier, report.Round),
        Pm = Pm.With(report.Pm, report.Round),
        Groups = report.Groups ?? Groups,
        Loss = report.Loss ?? Loss,
        Seconds = Seconds + report.Seconds,
        Checkpoint = checkpoint ?? Checkpoint,
    };
}
