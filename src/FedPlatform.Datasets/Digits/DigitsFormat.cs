using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FedPlatform.Datasets.Readers;

namespace FedPlatform.Datasets.Digits;

/// <summary>
/// The embedded data set: 1,797 scans of 8×8 pixels, a line of 64 values 0 to 16 and the label each. A fixed split leaves 50 test images of
/// every class, drawn with a constant seed; the other 1,297 train. Values are scaled to uint8 by round(v · 255 / 16).
/// </summary>
internal sealed class DigitsFormat : DatasetFormat
{
    private const string Resource = "digits.csv.gz";
    private const int Pixels = 64, LargestValue = 16, TestImagesPerClass = 50;
    private const long SplitSeed = 1998;

    public override string Key => "digits";

    public override string Title => "Digits";

    public override string Description =>
        "1,797 handwritten digits, scanned and reduced to 8×8 pixels with 17 grey levels. Comes with the platform: small enough to train in seconds on a CPU. 50 images of each class are the balanced test set.";

    public override string Credit =>
        "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (1998), UCI Machine Learning Repository, https://doi.org/10.24432/C50P49. CC BY 4.0.";

    public override ImageShape Shape { get; } = new(1, 8, 8);

    public override int Classes => 10;

    public override IReadOnlyList<double> Mean { get; } = [0.3050];

    public override IReadOnlyList<double> Std { get; } = [0.3759];

    public override DatasetLocation Locate(DatasetRoots roots) => new("embedded", []);

    public override DatasetReading Read(DatasetLocation location, IImageSink sink, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Stream stream = typeof(DigitsFormat).Assembly.GetManifestResourceStream(Resource)
            ?? throw new DatasetException($"{Resource} is missing from the program.");
        using SourceFile file = new($"embedded {Resource}", stream, hash, packed: true);
        string[] lines = Encoding.ASCII.GetString(file.ReadAll(1 << 20)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        file.End("the last line");

        byte[][] images = new byte[lines.Length][];
        int[] labels = new int[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            int[] values = [.. lines[i].Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
            if (values.Length != Pixels + 1 || values.Any(v => v is < 0 or > LargestValue) || values[Pixels] >= Classes)
            {
                throw new DatasetException($"embedded {Resource}: line {i + 1} is not {Pixels} values 0 to {LargestValue} and a label 0 to {Classes - 1}.");
            }

            images[i] = Array.ConvertAll(values[..Pixels], v => (byte)(((v * 255) + (LargestValue / 2)) / LargestValue));
            labels[i] = values[Pixels];
        }

        bool[] isTest = TestSplit(labels);
        int testImages = isTest.Count(test => test);
        sink.Reserve(Split.Train, labels.Length - testImages, Pixels);
        sink.Reserve(Split.Test, testImages, Pixels);
        for (int i = 0; i < labels.Length; i++)
        {
            sink.Add(isTest[i] ? Split.Test : Split.Train, labels[i], images[i]);
        }

        return new DatasetReading([.. Enumerable.Range(0, Classes).Select(c => c.ToString(CultureInfo.InvariantCulture))], file.Length, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private bool[] TestSplit(int[] labels)
    {
        bool[] isTest = new bool[labels.Length];
        int[][] byClass = ClassIndex.Of(labels, Classes);
        for (int c = 0; c < Classes; c++)
        {
            CounterRandom.For(SplitSeed, "digits-split", c).Shuffle(byClass[c]);
            foreach (int index in byClass[c].AsSpan(0, TestImagesPerClass))
            {
                isTest[index] = true;
            }
        }

        return isTest;
    }
}
