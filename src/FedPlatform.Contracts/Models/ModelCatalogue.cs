namespace FedPlatform.Contracts.Models;

/// <summary>What is known of a model without torch: its key and d, the length of the feature vector that a classifier reads.</summary>
/// <param name="Key">Name used in specs.</param>
/// <param name="Title">Name shown to people.</param>
/// <param name="FeatureDimension">d.</param>
public sealed record ModelInfo(string Key, string Title, int FeatureDimension);

/// <summary>The models that specs may name. Learning builds them; forms, validation and the API list them.</summary>
public static class ModelCatalogue
{
    public static IReadOnlyList<ModelInfo> All { get; } =
    [
        new("cnn", "Small CNN", 128),
        new("resnet8", "ResNet-8 (CIFAR)", 64),
        new("resnet20", "ResNet-20 (CIFAR)", 64),
        new("resnet18", "ResNet-18 (CIFAR stem)", 512),
        new("resnet34", "ResNet-34 (CIFAR stem)", 512),
    ];

    /// <summary>The model of this key, or null.</summary>
    public static ModelInfo? Find(string? key) => All.FirstOrDefault(m => m.Key == key);
}
