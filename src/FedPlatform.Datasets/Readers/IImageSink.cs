namespace FedPlatform.Datasets.Readers;

internal enum Split
{
    Train,
    Test,
}

/// <summary>Takes images one by one as a reader passes them: a reader never holds more than one, so counting a data set costs no memory.</summary>
internal interface IImageSink
{
    /// <summary>Says how many images of a split are to come, before the first: what is kept is then allocated once.</summary>
    void Reserve(Split split, long images, int bytesEach);

    /// <param name="pixels">[channels·height·width] uint8, CHW; valid during the call only.</param>
    void Add(Split split, int label, ReadOnlySpan<byte> pixels);
}

/// <summary>Keeps labels alone.</summary>
internal class LabelSink : IImageSink
{
    private readonly List<int> train = [], test = [];

    public int[] Train => [.. train];

    public int[] Test => [.. test];

    public virtual void Reserve(Split split, long images, int bytesEach)
    {
    }

    public virtual void Add(Split split, int label, ReadOnlySpan<byte> pixels) => (split == Split.Train ? train : test).Add(label);
}

/// <summary>Keeps everything.</summary>
internal sealed class FullSink : LabelSink
{
    private byte[] trainPixels = [], testPixels = [];
    private int trainBytes, testBytes;

    public byte[] TrainPixels => trainPixels.Length == trainBytes ? trainPixels : trainPixels[..trainBytes];

    public byte[] TestPixels => testPixels.Length == testBytes ? testPixels : testPixels[..testBytes];

    public override void Reserve(Split split, long images, int bytesEach)
    {
        if (images * bytesEach > Array.MaxLength)
        {
            throw new DatasetException($"The data set does not fit into memory: {images} images of {bytesEach} bytes, where a split may have {Array.MaxLength} bytes.");
        }

        (split == Split.Train ? ref trainPixels : ref testPixels) = new byte[images * bytesEach];
    }

    public override void Add(Split split, int label, ReadOnlySpan<byte> pixels)
    {
        base.Add(split, label, pixels);
        ref int used = ref split == Split.Train ? ref trainBytes : ref testBytes;
        Span<byte> room = (split == Split.Train ? trainPixels : testPixels).AsSpan(used);
        if (room.Length < pixels.Length)
        {
            throw new DatasetException("The data set's files grew while they were read.");
        }

        pixels.CopyTo(room);
        used += pixels.Length;
    }
}

/// <summary>Keeps the first few training images of every class.</summary>
internal sealed class SampleSink(int classes, int perClass) : IImageSink
{
    private readonly List<byte[]>[] rows = [.. Enumerable.Range(0, classes).Select(_ => new List<byte[]>())];

    public void Reserve(Split split, long images, int bytesEach)
    {
    }

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
