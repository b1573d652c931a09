namespace FedPlatform.Datasets.Readers;

internal enum Split
{
    Train,
    Test,
}

/// <summary>Takes images one by one as a reader passes them: a reader never holds more than one, so counting a data set costs no memory.</summary>
internal interface IImageSink
{
    /// <param name="pixels">[channels·height·width] uint8, CHW; valid during the call only.</param>
    void Add(Split split, int label, ReadOnlySpan<byte> pixels);
}

/// <summary>Keeps labels alone.</summary>
internal class LabelSink : IImageSink
{
    private readonly List<int> train = [], test = [];

    public int[] Train => [.. train];

    public int[] Test => [.. test];

    public virtual void Add(Split split, int label, ReadOnlySpan<byte> pixels) => (split == Split.Train ? train : test).Add(label);
}

/// <summary>Keeps everything.</summary>
internal sealed class FullSink : LabelSink
{
    private byte[] trainPixels = [], testPixels = [];
    private int trainBytes, testBytes;

    public byte[] TrainPixels => Trim(trainPixels, trainBytes);

    public byte[] TestPixels => Trim(testPixels, testBytes);

    public override void Add(Split split, int label, ReadOnlySpan<byte> pixels)
    {
        base.Add(split, label, pixels);
        if (split == Split.Train)
        {
            Append(ref trainPixels, ref trainBytes, pixels);
        }
        else
        {
            Append(ref testPixels, ref testBytes, pixels);
        }
    }

    private static void Append(ref byte[] buffer, ref int used, ReadOnlySpan<byte> pixels)
    {
        if (buffer.Length - used < pixels.Length)
        {
            long wanted = Math.Min(Math.Max(2L * buffer.Length, 1024L * pixels.Length), Array.MaxLength);
            if (wanted < (long)used + pixels.Length)
            {
                throw new DatasetException($"The data set does not fit into memory: a split may hold {Array.MaxLength} bytes of pixels.");
            }

            Array.Resize(ref buffer, (int)wanted);
        }

        pixels.CopyTo(buffer.AsSpan(used));
        used += pixels.Length;
    }

    private static byte[] Trim(byte[] buffer, int used) => buffer.Length == used ? buffer : buffer[..used];
}

/// <summary>Keeps the first few training images of every class.</summary>
internal sealed class SampleSink(int classes, int perClass) : IImageSink
{
    private readonly List<byte[]>[] rows = [.. Enumerable.Range(0, classes).Select(_ => new List<byte[]>())];

    public void Add(Split split, int label, ReadOnlySpan<byte> pixels)
    {
        if (split == Split.Train && rows[label].Count < perClass)
        {
            rows[label].Add(pixels.ToArray());
        }
    }

    public ImageSet ToImages(ImageShape shape) => new(
        shape,
        [.. rows.SelectMany(row => row).SelectMany(pixels => pixels)],
        [.. rows.SelectMany((row, c) => row.Select(_ => c))]);
}
