using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FedPlatform.Datasets.Readers;

/// <summary>Fashion-MNIST in IDX files, plain or gzip.</summary>
internal sealed class FashionMnistFormat : DatasetFormat
{
    public override string Key => "fashion-mnist";

    public override string Title => "Fashion-MNIST";

    public override string Description => "70,000 grey pictures of clothes from Zalando's catalogue, 28×28 pixels, ten classes; the 10,000 test images are balanced.";

    public override string Credit =>
        "H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms (2017). Zalando SE, MIT licence.";

    public override ImageShape Shape { get; } = new(1, 28, 28);

    public override int Classes => Names.Length;

    public override IReadOnlyList<double> Mean { get; } = [0.2860];

    public override IReadOnlyList<double> Std { get; } = [0.3530];

    private static string[] Names { get; } =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    public override DatasetLocation Locate(DatasetRoots roots) => roots.Find(
        Title,
        "fashion-mnist",
        [
            Either("train-labels-idx1-ubyte"), Either("train-images-idx3-ubyte"),
            Either("t10k-labels-idx1-ubyte"), Either("t10k-images-idx3-ubyte"),
        ],
        marker: "train-images-idx3-ubyte");

    public override DatasetReading Read(DatasetLocation location, IImageSink sink, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        foreach (Split split in new[] { Split.Train, Split.Test })
        {
            int first = split == Split.Train ? 0 : 2;
            using SourceFile labelFile = SourceFile.Open(location.Files[first], hash);
            byte[] labels = Idx.ReadLabels(labelFile, Classes);
            using SourceFile imageFile = SourceFile.Open(location.Files[first + 1], hash);
            Idx.ReadImages(imageFile, labelFile.Name, labels, Shape, split, sink, cancellationToken);
            bytes += labelFile.Length + imageFile.Length;
        }

        return new DatasetReading(Names, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static string[] Either(string name) => [name, name + ".gz"];
}

/// <summary>The IDX format: 0, 0, type (8 = uint8), dimensions, then each dimension and the data, big-endian.</summary>
internal static class Idx
{
    private const uint LabelMagic = 0x00000801, ImageMagic = 0x00000803;

    public static byte[] ReadLabels(SourceFile file, int classes)
    {
        Magic(file, LabelMagic, "IDX magic 0x00000801 of a label file");
        int count = Count(file, "labels", 1);
        byte[] labels = new byte[count];
        long start = file.Offset;
        file.Read(labels, $"{count} labels");
        int wrong = labels.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(classes - 1));
        if (wrong >= 0)
        {
            throw file.Broken(start + wrong, $"a label 0 to {classes - 1}", $"{labels[wrong]}");
        }

        file.End($"{count} labels");
        return labels;
    }

    public static void ReadImages(
        SourceFile file, string labelFile, byte[] labels, ImageShape shape, Split split, IImageSink sink, CancellationToken cancellationToken)
    {
        Magic(file, ImageMagic, "IDX magic 0x00000803 of an image file");
        int count = Count(file, "images", shape.Bytes);
        if (count != labels.Length)
        {
            throw file.Broken(4, $"{labels.Length} images, one for every label in {labelFile}", $"{count}");
        }

        Span<byte> size = stackalloc byte[8];
        file.Read(size, "the images' height and width");
        uint height = BinaryPrimitives.ReadUInt32BigEndian(size), width = BinaryPrimitives.ReadUInt32BigEndian(size[4..]);
        if (height != shape.Height || width != shape.Width)
        {
            throw file.Broken(8, $"images of {shape.Height}×{shape.Width} pixels", $"{height}×{width}");
        }

        sink.Reserve(split, count, shape.Bytes);
        byte[] pixels = new byte[shape.Bytes];
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            file.Read(pixels, $"image {i} of {count}");
            sink.Add(split, labels[i], pixels);
        }

        file.End($"{count} images");
    }

    private static void Magic(SourceFile file, uint magic, string name)
    {
        Span<byte> bytes = stackalloc byte[4];
        file.Read(bytes, name);
        uint found = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (found != magic)
        {
            throw file.Broken(0, name, $"0x{found:x8}");
        }
    }

    private static int Count(SourceFile file, string what, int bytesEach)
    {
        Span<byte> bytes = stackalloc byte[4];
        file.Read(bytes, $"the number of {what}");
        uint count = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (count == 0 || (long)count * bytesEach > file.LargestContent)
        {
            throw file.Broken(
                4,
                $"a number of {what} that fits a file of {file.Length} bytes ({bytesEach} {(bytesEach == 1 ? "byte" : "bytes")} each)",
                $"{count}{(count == 0 ? "" : ": the file is truncated, or the number wrong")}");
        }

        return (int)count;
    }
}
