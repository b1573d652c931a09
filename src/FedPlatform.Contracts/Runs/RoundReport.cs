namespace FedPlatform.Contracts.Runs;

/// <summary>
/// What one committed round measured: a line of <c>rounds.jsonl</c>, the payload of a commit, the event that pages append.
/// Accuracies are fractions in [0, 1]; null where a round was not evaluated or there is nothing to measure.
/// </summary>
public sealed record RoundReport
{
    /// <summary>1-based: n after n rounds.</summary>
    public required int Round { get; init; }

    /// <summary>Top-1 of the generic model on the balanced test set: after GLA-FR for FedLoGe, the classifier itself for FedAvg.</summary>
    public double? Gm { get; init; }

    /// <summary>Top-1 of the head that trains the backbone (SSE-C for FedLoGe).</summary>
    public double? GmClassifier { get; init; }

    /// <summary>FedLoGe: top-1 of the global auxiliary head ψ before realignment.</summary>
    public double? GmAuxiliary { get; init; }

    /// <summary>Unweighted mean of local top-1 over all K clients, by the spec's mask and realignment.</summary>
    public double? Pm { get; init; }

    /// <summary>Every variant of PM, keyed <c>realignment/mask</c>, e.g. <c>figure/train</c>, <c>reference/test</c>, <c>before/train</c>.</summary>
    public IReadOnlyDictionary<string, double> PmVariants { get; init; } = new Dictionary<string, double>();

    /// <summary>Standard deviation of PM over clients.</summary>
    public double? PmStd { get; init; }

    /// <summary>The lowest local top-1.</summary>
    public double? PmWorst { get; init; }

    /// <summary>Mean training loss over the samples seen in the round, of the objective that trains the backbone.</summary>
    public double? Loss { get; init; }

    /// <summary>Head / medium / tail top-1 of GM by the spec's rule.</summary>
    public GroupAccuracy? Groups { get; init; }

    /// <summary>The same by each rule, keyed <c>counts</c> and <c>cumulative</c>.</summary>
    public IReadOnlyDictionary<string, GroupAccuracy> GroupsByRule { get; init; } = new Dictionary<string, GroupAccuracy>();

    /// <summary>[C] top-1 of GM a class.</summary>
    public IReadOnlyList<double> PerClass { get; init; } = [];

    /// <summary>[C] top-1 of the classifier that trains the backbone, a class (before realignment).</summary>
    public IReadOnlyList<double> PerClassClassifier { get; init; } = [];

    /// <summary>[C·C] row-major counts: true class × predicted class of GM on the balanced test set.</summary>
    public IReadOnlyList<int> Confusion { get; init; } = [];

    /// <summary>[K] every client, in id order.</summary>
    public IReadOnlyList<ClientReport> Clients { get; init; } = [];

    /// <summary>Wall-clock seconds of the whole round.</summary>
    public double Seconds { get; init; }

    /// <summary>Seconds by phase: <c>train</c>, <c>aggregate</c>, <c>evaluate</c>, <c>checkpoint</c>.</summary>
    public IReadOnlyDictionary<string, double> Phases { get; init; } = new Dictionary<string, double>();
}

/// <summary>Mean top-1 over the classes of each group; null for an empty group.</summary>
public sealed record GroupAccuracy
{
    public double? Head { get; init; }
    public double? Medium { get; init; }
    public double? Tail { get; init; }
}

/// <summary>One client in one round.</summary>
public sealed record ClientReport
{
    /// <summary>0-based, stable over the run.</summary>
    public required int Id { get; init; }

    /// <summary>n_k, local training samples.</summary>
    public required int Samples { get; init; }

    /// <summary>True when the client was sampled this round.</summary>
    public bool Selected { get; init; }

    /// <summary>Mean local training loss of this round; null when not sampled.</summary>
    public double? Loss { get; init; }

    /// <summary>Local top-1 of the personalised model; null when its local test set is empty or the round was not evaluated.</summary>
    public double? Pm { get; init; }

    /// <summary>Local top-1 of the generic model on the same local test set.</summary>
    public double? Gm { get; init; }

    public double? MacroF1 { get; init; }

    public double? WeightedF1 { get; init; }

    /// <summary>Head / medium / tail top-1 of the personalised model.</summary>
    public GroupAccuracy? Groups { get; init; }

    /// <summary>[C] local top-1 of the personalised model a class; null where the local test set lacks it.</summary>
    public IReadOnlyList<double?> PerClass { get; init; } = [];

    /// <summary>‖θ_k − θ‖ of the uploaded parameters; null when not sampled.</summary>
    public double? UpdateNorm { get; init; }

    /// <summary>Cosine between the client's update and the weighted mean update; null when not sampled.</summary>
    public double? UpdateCosine { get; init; }

    /// <summary>Seconds of local training; null when not sampled.</summary>
    public double? Seconds { get; init; }
}
