using FedPlatform.Contracts.Models;
using FedPlatform.Datasets;

namespace FedPlatform.Learning.Models;

/// <summary>Builds the architectures that <see cref="ModelCatalogue"/> lists.</summary>
public static class BackboneFactory
{
    private static readonly int[] Narrow = [16, 32, 64], Wide = [64, 128, 256, 512];

    /// <exception cref="Federation.RunFailedException">Unknown key, or images too small for it.</exception>
    public static Backbone Create(string key, ImageShape shape)
    {
        if (Math.Min(shape.Height, shape.Width) < 4) throw new Federation.RunFailedException($"Images of {shape.Height}×{shape.Width} pixels are too small for model \"{key}\": at least 4×4 are needed.");
        return key switch
        {
            "cnn" => new SmallCnn(shape),
            "resnet8" => new ResNet(shape, Narrow, [1, 1, 1]),
            "resnet20" => new ResNet(shape, Narrow, [3, 3, 3]),
            "resnet18" => new ResNet(shape, Wide, [2, 2, 2, 2]),
            "resnet34" => new ResNet(shape, Wide, [3, 4, 6, 3]),
            _ => throw new Federation.RunFailedException($"Unknown model \"{key}\": known are {string.Join(", ", ModelCatalogue.All.Select(m => m.Key))}."),
        };
    }
}
