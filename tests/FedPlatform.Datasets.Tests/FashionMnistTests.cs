using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace FedPlatform.Datasets.Tests;

public sealed class FashionMnistTests : IDisposable
{
    private const int Train = 40, Test = 20;
    private readonly TemporaryFolder root = new();

    public void Dispose() => root.Dispose();

    [Theory]
    [InlineData("", false)]
    [InlineData("fashion-mnist", false)]
    [InlineData("some-other-name", true)]
    [InlineData("fashion-mnist", true)]
    public void It_is_found_in_a_root_or_a_sub_folder_plain_or_packed(string folder, bool packed)
    {
        string place = folder.Length == 0 ? root.Path : root.Sub(folder);
        WriteAll(place, packed);
        LoadedDataset data = new DatasetCatalogue([root.Path], []).Load("fashion-mnist");
        Assert.Equal(place, data.Info.Location);
        Assert.Equal(Enumerable.Repeat(Train / 10, 10), data.Info.TrainCounts);
        Assert.Equal(Enumerable.Repeat(Test / 10, 10), data.Info.TestCounts);
        Assert.Equal(Labels(Train), data.Train.Labels.Select(l => (byte)l));
        Assert.Equal(Images(Train), data.Train.Pixels);
        Assert.Equal(Images(Test), data.Test.Pixels);
        Assert.Equal("Ankle boot", data.Info.ClassNames[9]);
        Assert.Equal((0, false), (data.Info.DefaultCropPadding, data.Info.DefaultHorizontalFlip));

        byte[] files = [.. new[] { "train-labels-idx1-ubyte", "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "t10k-images-idx3-ubyte" }
            .SelectMany(name => File.ReadAllBytes(Path.Combine(place, packed ? name + ".gz" : name)))];
        Assert.Equal(files.Length, data.Info.Bytes);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(files)), data.Info.Sha256);
    }

    [Fact]
    public void It_is_found_at_the_systems_place_when_no_root_has_it()
    {
        WriteAll(root.Sub("fashion-mnist"), packed: true);
        Assert.Equal(Train, new DatasetCatalogue(["/nowhere"], [root.Path]).Load("fashion-mnist").Train.Count);
    }

    [Fact]
    public void When_it_is_nowhere_the_error_says_where_it_was_looked_for()
    {
        string message = Failure();
        Assert.Contains(root.Path, message, StringComparison.Ordinal);
        Assert.Contains("train-images-idx3-ubyte", message, StringComparison.Ordinal);
        DatasetListing listing = new DatasetCatalogue(["/nowhere/at-all"], []).List(TestContext.Current.CancellationToken).Single(l => l.Key == "fashion-mnist");
        Assert.Null(listing.Info);
        Assert.Contains("/nowhere/at-all (no such folder)", listing.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named_with_its_folder()
    {
        string place = root.Sub("fashion-mnist");
        WriteAll(place, packed: false);
        File.Delete(Path.Combine(place, "t10k-labels-idx1-ubyte"));
        string message = Failure();
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.Contains("t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz is missing", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_magic_is_named() =>
        AssertBroken("train-images-idx3-ubyte", bytes => Patch(bytes, 3, 1), "at offset 0 expected IDX magic 0x00000803", "found 0x00000801");

    [Fact]
    public void A_wrong_image_size_is_named() =>
        AssertBroken("train-images-idx3-ubyte", bytes => Patch(bytes, 11, 32), "at offset 8 expected images of 28×28", "32×28");

    [Fact]
    public void Too_few_images_for_the_labels_are_named() =>
        AssertBroken("train-images-idx3-ubyte", bytes => Patch(bytes, 7, Train - 1)[..^784], "at offset 4 expected 40 images", "found 39");

    [Fact]
    public void A_truncated_image_file_is_named() =>
        AssertBroken("t10k-images-idx3-ubyte", bytes => bytes[..^100], "at offset 4", "truncated");

    [Fact]
    public void A_header_alone_is_named() =>
        AssertBroken("t10k-labels-idx1-ubyte", bytes => bytes[..6], "at offset 4 expected the number of labels (4 bytes)", "the end of the file after 2 bytes");

    [Fact]
    public void An_empty_file_is_named() =>
        AssertBroken("t10k-labels-idx1-ubyte", _ => [], "at offset 0 expected IDX magic", "the end of the file after 0 bytes");

    [Fact]
    public void Trailing_bytes_are_named() =>
        AssertBroken("train-images-idx3-ubyte", bytes => [.. bytes, 0], $"at offset {16 + (Train * 784)} expected the end of the file after 40 images", "more bytes");

    [Fact]
    public void A_label_out_of_range_is_named_with_its_offset() =>
        AssertBroken("train-labels-idx1-ubyte", bytes => Patch(bytes, 8 + 7, 10), "at offset 15 expected a label 0 to 9", "found 10");

    [Fact]
    public void A_number_of_images_that_no_file_could_hold_allocates_nothing()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertBroken("train-labels-idx1-ubyte", bytes => Patch(bytes, 4, 0x7f), "at offset 4 expected a number of labels that fits a file of 48 bytes", "found 2130706472");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 50_000_000);
    }

    [Fact]
    public void A_gzip_file_cut_short_is_named()
    {
        string file = BreakPacked("train-images-idx3-ubyte", packed => packed[..(packed.Length / 2)]);
        string message = Failure();
        Assert.StartsWith(file + ": at offset ", message, StringComparison.Ordinal);
        Assert.Contains("of the unpacked data", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gzip_file_with_a_flipped_bit_is_named()
    {
        string file = BreakPacked("train-images-idx3-ubyte", packed => Patch(packed, packed.Length - 6, (byte)(packed[^6] ^ 1)));
        string message = Failure();
        Assert.StartsWith(file + ": at offset ", message, StringComparison.Ordinal);
        Assert.Contains("gzip data", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_gzip_is_named()
    {
        string file = BreakPacked("t10k-labels-idx1-ubyte", _ => "<html>404</html>"u8.ToArray());
        Assert.StartsWith(file + ": at offset 0 of the unpacked data expected gzip data", Failure(), StringComparison.Ordinal);
    }

    private void AssertBroken(string name, Func<byte[], byte[]> damage, string expected, string found)
    {
        WriteAll(root.Path, packed: false);
        string file = Path.Combine(root.Path, name);
        File.WriteAllBytes(file, damage(File.ReadAllBytes(file)));
        string message = Failure();
        Assert.StartsWith(file + ": ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(found, message, StringComparison.Ordinal);
    }

    private string BreakPacked(string name, Func<byte[], byte[]> damage)
    {
        WriteAll(root.Path, packed: true);
        string file = Path.Combine(root.Path, name + ".gz");
        File.WriteAllBytes(file, damage(File.ReadAllBytes(file)));
        return file;
    }

    private string Failure() => Assert.Throws<DatasetException>(() => new DatasetCatalogue([root.Path], []).Load("fashion-mnist")).Message;

    private static void WriteAll(string folder, bool packed)
    {
        foreach ((string prefix, int count) in new[] { ("train", Train), ("t10k", Test) })
        {
            Write(folder, $"{prefix}-labels-idx1-ubyte", [.. Header(0x801, count), .. Labels(count)], packed);
            Write(folder, $"{prefix}-images-idx3-ubyte", [.. Header(0x803, count, 28, 28), .. Images(count)], packed);
        }
    }

    private static void Write(string folder, string name, byte[] bytes, bool packed)
    {
        using FileStream file = File.Create(Path.Combine(folder, packed ? name + ".gz" : name));
        if (!packed)
        {
            file.Write(bytes);
            return;
        }

        using GZipStream gzip = new(file, CompressionLevel.Fastest);
        gzip.Write(bytes);
    }

    private static byte[] Header(params int[] values)
    {
        byte[] header = new byte[4 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 * i), values[i]);
        }

        return header;
    }

    private static byte[] Labels(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(i % 10))];

    private static byte[] Images(int count)
    {
        CounterRandom random = CounterRandom.For(count, "images");
        return [.. Enumerable.Range(0, count * 784).Select(_ => (byte)random.NextInt(256))];
    }

    private static byte[] Patch(byte[] bytes, int offset, byte value)
    {
        byte[] copy = [.. bytes];
        copy[offset] = value;
        return copy;
    }
}
