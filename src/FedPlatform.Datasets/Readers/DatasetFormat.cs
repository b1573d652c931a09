namespace FedPlatform.Datasets.Readers;

/// <summary>The files of one data set as found.</summary>
/// <param name="Folder">Shown to people.</param>
/// <param name="Files">Full paths in reading order; empty for an embedded data set.</param>
internal sealed record DatasetLocation(string Folder, IReadOnlyList<string> Files)
{
    /// <summary>Changes whenever a file is replaced: path, length and time of every file.</summary>
    public string Fingerprint() => string.Join('\n', Files.Prepend(Folder).Select(path =>
    {
        FileInfo file = new(path);
        return file.Exists ? $"{path}|{file.Length}|{file.LastWriteTimeUtc.Ticks}" : path;
    }));
}

/// <summary>What a reader knows at its end.</summary>
internal sealed record DatasetReading(IReadOnlyList<string> ClassNames, long Bytes, string Sha256);

/// <summary>One kind of data set: where it lies, how it is read, what is known of it beforehand.</summary>
internal abstract class DatasetFormat
{
    public abstract string Key { get; }

    public abstract string Title { get; }

    public abstract string Description { get; }

    public abstract string Credit { get; }

    public abstract ImageShape Shape { get; }

    /// <summary>C.</summary>
    public abstract int Classes { get; }

    public abstract IReadOnlyList<double> Mean { get; }

    public abstract IReadOnlyList<double> Std { get; }

    public virtual int CropPadding => 0;

    public virtual bool HorizontalFlip => false;

    /// <exception cref="DatasetException">A file is missing: which, and where it was looked for.</exception>
    public abstract DatasetLocation Locate(DatasetRoots roots);

    /// <summary>Reads every file once, from the first byte to the last.</summary>
    /// <exception cref="DatasetException">A file is broken: which, at which offset, what was expected and what was found.</exception>
    public abstract DatasetReading Read(DatasetLocation location, IImageSink sink, CancellationToken cancellationToken);

    public DatasetInfo Describe(DatasetLocation location, DatasetReading reading, int[] train, int[] test) => new()
    {
        Key = Key,
        Title = Title,
        Description = Description,
        Credit = Credit,
        Location = location.Folder,
        ClassNames = reading.ClassNames,
        Shape = Shape,
        TrainCounts = ClassIndex.Counts(train, Classes),
        TestCounts = ClassIndex.Counts(test, Classes),
        Bytes = reading.Bytes,
        Sha256 = reading.Sha256,
        Mean = Mean,
        Std = Std,
        DefaultCropPadding = CropPadding,
        DefaultHorizontalFlip = HorizontalFlip,
    };
}
