using FedPlatform.Contracts.Models;

namespace FedPlatform.Datasets.Specs;

/// <summary>The words and bounds of a spec, in one place: the validator checks by them, forms offer them.</summary>
public static class SpecVocabulary
{
    public const int LargestClients = 100_000, LargestRounds = 100_000, LargestLocalEpochs = 1_000, LargestBatchSize = 65_536;
    public const int LargestClassifierSteps = 1_000_000, LargestWorkers = 1_024, LargestCropPadding = 64, LargestKeepCheckpoints = 1_000;
    public const int LargestLocalTestImages = 100_000_000, LongestName = 200, LongestNotes = 20_000, LargestCudaIndex = 63;

    /// <summary>Cells of a clients × classes table that a plan may have.</summary>
    public const long LargestTable = 25_000_000;

    public static IReadOnlyList<string> Datasets { get; } = ["digits", "fashion-mnist", "cifar10", "cifar100"];

    public static IReadOnlyList<string> Models { get; } = [.. ModelCatalogue.All.Select(m => m.Key)];

    public static IReadOnlyList<string> Algorithms { get; } = ["fedavg", "fedloge"];

    public static IReadOnlyList<string> PartitionKinds { get; } = ["dirichlet", "iid"];

    public static IReadOnlyList<string> AbsentClassMasks { get; } = ["none", "train", "test"];

    public static IReadOnlyList<string> GroupRules { get; } = ["counts", "cumulative"];

    public static IReadOnlyList<string> GenericRealignments { get; } = ["unit", "reference"];

    public static IReadOnlyList<string> PersonalRealignments { get; } = ["figure", "reference"];
}
