using FedPlatform.Contracts.Specs;

namespace FedPlatform.Learning.Algorithms.FedLoGe;

/// <summary>FedLoGe's own hyper-parameters, by the paper's symbols.</summary>
public sealed record FedLoGeOptions
{
    /// <summary>β: fraction of SSE-C entries that are zero.</summary>
    public double Beta { get; init; } = 0.6;

    /// <summary>γ: target norm of the class vectors of SSE-C. It matters as much as the method.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <summary>Seed of SSE-C; the classifier is a pure function of (d, C, β, γ, seed, steps).</summary>
    public long ClassifierSeed { get; init; }

    /// <summary>Adam steps on the surviving entries.</summary>
    public int ClassifierSteps { get; init; } = 10_000;

    /// <summary>Give SSE-C the random frozen bias that the authors' code keeps by accident.</summary>
    public bool ReferenceBias { get; init; }

    /// <summary>Generic realignment: <c>unit</c> or <c>reference</c>.</summary>
    public string Generic { get; init; } = "unit";

    /// <summary>The personalised prediction that PM reports: <c>figure</c> or <c>reference</c>.</summary>
    public string Personal { get; init; } = "figure";

    public static FedLoGeOptions From(AlgorithmSpec spec) => new()
    {
        Beta = spec.Sparsity,
        Gamma = spec.Gamma,
        ClassifierSeed = spec.ClassifierSeed,
        ClassifierSteps = spec.ClassifierSteps,
        ReferenceBias = spec.ReferenceBias,
        Generic = spec.GenericRealignment,
        Personal = spec.PersonalRealignment,
    };
}
