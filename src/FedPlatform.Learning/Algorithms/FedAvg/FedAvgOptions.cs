using FedPlatform.Contracts.Specs;

namespace FedPlatform.Learning.Algorithms.FedAvg;

/// <summary>FedAvg has no hyper-parameter beyond local training: E, B and η (McMahan et al. 2017, algorithm 1).</summary>
public sealed record FedAvgOptions
{
    public static FedAvgOptions From(AlgorithmSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new FedAvgOptions();
    }
}
