namespace FedPlatform.Datasets;

/// <summary>A data set without its pixels: all that long tail, partition and preview need.</summary>
/// <param name="Train">[N] class indices of the training images.</param>
/// <param name="Test">[N_test] class indices of the test images.</param>
public sealed record DatasetLabels(DatasetInfo Info, int[] Train, int[] Test);
