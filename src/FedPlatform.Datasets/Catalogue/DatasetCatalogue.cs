using System.Collections.Concurrent;
using FedPlatform.Datasets.Digits;
using FedPlatform.Datasets.Readers;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Datasets;

/// <summary>
/// The data sets that specs may name, found in the data roots. Thread-safe. What was read is kept for as long as the files stay the same
/// (path, length and time): labels and counts for good, pixels while somebody uses them.
/// </summary>
/// <param name="dataRoots">Folders; each and its direct sub-folders are searched, in order.</param>
/// <param name="systemRoots">Searched last; null: where Debian's packages put data sets.</param>
public sealed class DatasetCatalogue(IReadOnlyList<string> dataRoots, IReadOnlyList<string>? systemRoots = null)
{
    private static readonly DatasetFormat[] Formats = [new DigitsFormat(), new FashionMnistFormat(), new Cifar10Format(), new Cifar100Format()];

    private readonly DatasetRoots roots = new(dataRoots, systemRoots ?? ["/usr/share/datasets"]);
    private readonly ConcurrentDictionary<string, Entry> entries = new();

    /// <summary><c>digits</c>, <c>fashion-mnist</c>, <c>cifar10</c>, <c>cifar100</c>.</summary>
    public IReadOnlyList<string> Keys { get; } = SpecVocabulary.Datasets;

    /// <summary>Every data set with what is known of it, or with the reason why it cannot be used. Reads files only the first time and after a change.</summary>
    public IReadOnlyList<DatasetListing> List(CancellationToken ct = default) => [.. Formats.Select(format =>
    {
        try
        {
            return new DatasetListing(format.Key, format.Title, Labels(format.Key, ct).Info, null);
        }
        catch (DatasetException exception)
        {
            return new DatasetListing(format.Key, format.Title, null, exception.Message);
        }
    })];

    /// <summary>A data set with all its pixels.</summary>
    /// <exception cref="DatasetException">Unknown, missing or broken: the message says which file, at which offset, and what was expected.</exception>
    public LoadedDataset Load(string key, CancellationToken ct = default)
    {
        (DatasetFormat format, DatasetLocation location, Entry entry) = Resolve(key);
        lock (entry)
        {
            entry.Expect(location);
            if (entry.Loaded?.TryGetTarget(out LoadedDataset? loaded) == true)
            {
                return loaded;
            }

            FullSink sink = new();
            DatasetReading reading = Read(format, location, entry, sink, ct);
            int[] train = sink.Train, test = sink.Test;
            DatasetInfo info = format.Describe(location, reading, train, test);
            loaded = new LoadedDataset(info, new ImageSet(info.Shape, sink.TrainPixels, train), new ImageSet(info.Shape, sink.TestPixels, test));
            entry.Labels = new DatasetLabels(info, train, test);
            entry.Loaded = new WeakReference<LoadedDataset>(loaded);
            return loaded;
        }
    }

    /// <summary>A data set without pixels: what previews and validation need, at four bytes an image.</summary>
    /// <inheritdoc cref="Load" path="/exception"/>
    public DatasetLabels Labels(string key, CancellationToken ct = default)
    {
        (DatasetFormat format, DatasetLocation location, Entry entry) = Resolve(key);
        lock (entry)
        {
            entry.Expect(location);
            if (entry.Labels is null)
            {
                LabelSink sink = new();
                DatasetReading reading = Read(format, location, entry, sink, ct);
                int[] train = sink.Train, test = sink.Test;
                entry.Labels = new DatasetLabels(format.Describe(location, reading, train, test), train, test);
            }

            return entry.Labels;
        }
    }

    /// <summary>The first <paramref name="perClass"/> training images of every class, class by class; labels say whose each is. Never loads the rest.</summary>
    /// <inheritdoc cref="Load" path="/exception"/>
    public ImageSet Samples(string key, int perClass, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(perClass);
        (DatasetFormat format, DatasetLocation location, Entry entry) = Resolve(key);
        lock (entry)
        {
            entry.Expect(location);
            if (entry.Samples is null || entry.SamplesPerClass != perClass)
            {
                SampleSink sink = new(format.Classes, perClass);
                Read(format, location, entry, sink, ct);
                entry.Samples = sink.ToImages(format.Shape);
                entry.SamplesPerClass = perClass;
            }

            return entry.Samples;
        }
    }

    /// <summary>Reads, and remembers that files are broken: a page that lists data sets must not read them in vain every time.</summary>
    private static DatasetReading Read(DatasetFormat format, DatasetLocation location, Entry entry, IImageSink sink, CancellationToken ct)
    {
        if (entry.Problem is not null)
        {
            throw new DatasetException(entry.Problem);
        }

        try
        {
            return format.Read(location, sink, ct);
        }
        catch (DatasetException exception)
        {
            // What the disk refused today it may give tomorrow; what it gave is as broken tomorrow.
            entry.Problem = exception.InnerException is IOException or UnauthorizedAccessException ? null : exception.Message;
            throw;
        }
        catch (IOException exception)
        {
            throw new DatasetException($"{format.Title} cannot be read: {exception.Message}", exception);
        }
    }

    private (DatasetFormat Format, DatasetLocation Location, Entry Entry) Resolve(string key)
    {
        DatasetFormat format = Array.Find(Formats, f => f.Key == key)
            ?? throw new DatasetException($"There is no data set '{key}'; there are {string.Join(", ", Keys)}.");
        return (format, format.Locate(roots), entries.GetOrAdd(key, _ => new Entry()));
    }

    private sealed class Entry
    {
        private string fingerprint = "";

        public DatasetLabels? Labels { get; set; }

        public WeakReference<LoadedDataset>? Loaded { get; set; }

        public ImageSet? Samples { get; set; }

        public int SamplesPerClass { get; set; }

        public string? Problem { get; set; }

        /// <summary>Forgets everything when the files are not those that were read.</summary>
        public void Expect(DatasetLocation location)
        {
            string now = location.Fingerprint();
            if (now != fingerprint)
            {
                (fingerprint, Labels, Loaded, Samples, Problem) = (now, null, null, null, null);
            }
        }
    }
}
