namespace FedPlatform.Datasets;

/// <summary>Size of every image of a data set, in pixels.</summary>
public sealed record ImageShape(int Channels, int Height, int Width)
{
    /// <summary>Bytes of one uint8 image.</summary>
    public int Bytes => Channels * Height * Width;
}

/// <summary>What is known of a data set once it has been read.</summary>
public sealed record DatasetInfo
{
    /// <summary>Name in specs, e.g. <c>digits</c>.</summary>
    public required string Key { get; init; }
    public required string Title { get; init; }

    /// <summary>One paragraph for people.</summary>
    public required string Description { get; init; }

    /// <summary>Who made it and under which licence it may be used.</summary>
    public required string Credit { get; init; }

    /// <summary>Where it was read from: a folder, or <c>embedded</c>.</summary>
    public required string Location { get; init; }

    /// <summary>[C].</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }
    public required ImageShape Shape { get; init; }

    /// <summary>[C] training images a class.</summary>
    public required IReadOnlyList<int> TrainCounts { get; init; }

    /// <summary>[C] test images a class.</summary>
    public required IReadOnlyList<int> TestCounts { get; init; }

    /// <summary>Bytes of its files.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 over the files in reading order, hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>[channels] normalisation: (x/255 − mean)/std.</summary>
    public required IReadOnlyList<double> Mean { get; init; }
    public required IReadOnlyList<double> Std { get; init; }

    /// <summary>The augmentation used when a spec says nothing.</summary>
    public required int DefaultCropPadding { get; init; }
    public required bool DefaultHorizontalFlip { get; init; }
}

/// <summary>A line of the data set list: present and read, or the reason why not.</summary>
public sealed record DatasetListing(string Key, string Title, DatasetInfo? Info, string? Problem);

/// <summary>Images and labels in memory.</summary>
/// <param name="Pixels">[N·channels·height·width] uint8, image by image, CHW.</param>
/// <param name="Labels">[N] class indices.</param>
public sealed record ImageSet(ImageShape Shape, byte[] Pixels, int[] Labels)
{
    public int Count => Labels.Length;

    public ReadOnlySpan<byte> Image(int index) => Pixels.AsSpan(index * Shape.Bytes, Shape.Bytes);
}

public sealed record LoadedDataset(DatasetInfo Info, ImageSet Train, ImageSet Test);

/// <summary>A data set that cannot be read; the message names file, offset and what was expected.</summary>
public sealed class DatasetException(string message, Exception? inner = null) : Exception(message, inner);
