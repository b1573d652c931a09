using System.Security.Cryptography;
using System.Text;

namespace FedPlatform.Datasets.Readers;

/// <summary>The official binary layouts of CIFAR: records of one or two label bytes and 3,072 pixel bytes, red, green and blue plane one after the other.</summary>
internal abstract class CifarFormat : DatasetFormat
{
    private const int LargestNamesFile = 1 << 16;

    public override string Credit =>
        "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009), University of Toronto, https://www.cs.toronto.edu/~kriz/cifar.html. No licence is stated; for research, with this citation.";

    public override ImageShape Shape { get; } = new(3, 32, 32);

    public override int CropPadding => 4;

    public override bool HorizontalFlip => true;

    protected abstract string FolderName { get; }

    protected abstract string NamesFile { get; }

    protected abstract IReadOnlyList<string> TrainFiles { get; }

    protected abstract string TestFile { get; }

    /// <summary>Largest value of each label byte of a record, plus one; the last byte is the class.</summary>
    protected abstract IReadOnlyList<int> LabelRanges { get; }

    public override DatasetLocation Locate(DatasetRoots roots) =>
        roots.Find(Title, FolderName, [.. TrainFiles.Append(TestFile).Prepend(NamesFile).Select(name => new[] { name })], marker: NamesFile);

    public override DatasetReading Read(DatasetLocation location, IImageSink sink, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        string[] names = ReadNames(location.Files[0], hash, ref bytes);
        int recordBytes = LabelRanges.Count + Shape.Bytes;
        sink.Reserve(Split.Train, location.Files.Skip(1).SkipLast(1).Sum(path => new FileInfo(path).Length) / recordBytes, Shape.Bytes);
        sink.Reserve(Split.Test, new FileInfo(location.Files[^1]).Length / recordBytes, Shape.Bytes);
        (string File, int Records)? firstBatch = null;
        for (int i = 1; i < location.Files.Count; i++)
        {
            bool test = i == location.Files.Count - 1;
            using SourceFile file = SourceFile.Open(location.Files[i], hash);
            int records = ReadBatch(file, test ? Split.Test : Split.Train, sink, cancellationToken);
            bytes += file.Length;
            if (test)
            {
                continue;
            }

            // A batch cut at the end of a record looks whole by itself.
            firstBatch ??= (file.Name, records);
            if (records != firstBatch.Value.Records)
            {
                throw file.Broken(file.Offset, $"as many records as in {firstBatch.Value.File} ({firstBatch.Value.Records})", $"{records}");
            }
        }

        return new DatasetReading(names, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private int ReadBatch(SourceFile file, Split split, IImageSink sink, CancellationToken cancellationToken)
    {
        int labelBytes = LabelRanges.Count;
        byte[] record = new byte[labelBytes + Shape.Bytes];
        int count = 0;
        while (file.TryRead(record, $"record {count}: {labelBytes} label {(labelBytes == 1 ? "byte" : "bytes")} and {Shape.Bytes} pixels"))
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int i = 0; i < labelBytes; i++)
            {
                if (record[i] >= LabelRanges[i])
                {
                    throw file.Broken(file.Offset - record.Length + i, $"a {(i == labelBytes - 1 ? "" : "coarse ")}label 0 to {LabelRanges[i] - 1} (record {count})", $"{record[i]}");
                }
            }

            sink.Add(split, record[labelBytes - 1], record.AsSpan(labelBytes));
            count++;
        }

        file.End("the last record");
        return count > 0 ? count : throw file.Broken(0, $"records of {record.Length} bytes", "an empty file");
    }

    private string[] ReadNames(string path, IncrementalHash hash, ref long bytes)
    {
        using SourceFile file = SourceFile.Open(path, hash);
        byte[] text = file.ReadAll(LargestNamesFile);
        file.End("the class names");
        bytes += file.Length;
        string[] names = Encoding.UTF8.GetString(text).Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.Length == Classes
            ? names
            : throw file.Broken(0, $"{Classes} class names, one a line", $"{names.Length}");
    }
}

internal sealed class Cifar10Format : CifarFormat
{
    public override string Key => "cifar10";

    public override string Title => "CIFAR-10";

    public override string Description => "60,000 colour photographs of animals and vehicles, 32×32 pixels, ten classes; the 10,000 test images are balanced.";

    public override int Classes => 10;

    // ImageNet's values, as the FedLoGe reference uses for CIFAR-10.
    public override IReadOnlyList<double> Mean { get; } = [0.485, 0.456, 0.406];

    public override IReadOnlyList<double> Std { get; } = [0.229, 0.224, 0.225];

    protected override string FolderName => "cifar-10-batches-bin";

    protected override string NamesFile => "batches.meta.txt";

    protected override IReadOnlyList<string> TrainFiles { get; } = [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin")];

    protected override string TestFile => "test_batch.bin";

    protected override IReadOnlyList<int> LabelRanges { get; } = [10];
}

internal sealed class Cifar100Format : CifarFormat
{
    public override string Key => "cifar100";

    public override string Title => "CIFAR-100";

    public override string Description => "60,000 colour photographs, 32×32 pixels, a hundred classes of 600; the 10,000 test images are balanced.";

    public override int Classes => 100;

    public override IReadOnlyList<double> Mean { get; } = [0.5071, 0.4865, 0.4409];

    public override IReadOnlyList<double> Std { get; } = [0.2673, 0.2564, 0.2762];

    protected override string FolderName => "cifar-100-binary";

    protected override string NamesFile => "fine_label_names.txt";

    protected override IReadOnlyList<string> TrainFiles { get; } = ["train.bin"];

    protected override string TestFile => "test.bin";

    protected override IReadOnlyList<int> LabelRanges { get; } = [20, 100];
}
