using FedPlatform.Contracts.Specs;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Learning.Algorithms;

/// <summary>Algorithms by their names in specs.</summary>
public static class AlgorithmFactory
{
    /// <param name="cacheFolder">Where pure functions of a spec, such as SSE-C, are kept between runs.</param>
    /// <exception cref="RunFailedException">Unknown name.</exception>
    public static FederatedAlgorithm Create(AlgorithmSpec spec, int featureDimension, int classes, string cacheFolder) => spec.Name switch
    {
        "fedavg" => new FedAvg.FedAvg(),
        "fedloge" => new FedLoGe.FedLoGe(FedLoGe.FedLoGeOptions.From(spec), featureDimension, classes, cacheFolder),
        _ => throw new RunFailedException($"Unknown algorithm \"{spec.Name}\": known are fedavg and fedloge."),
    };
}
