namespace FedPlatform.Datasets.Tests;

public sealed class CifarTests : IDisposable
{
    private const int PerBatch = 20;
    private readonly TemporaryFolder root = new();

    public void Dispose() => root.Dispose();

    [Fact]
    public void Cifar10_is_read_batch_after_batch()
    {
        string folder = WriteCifar10();
        LoadedDataset data = Load("cifar10");
        Assert.Equal(folder, data.Info.Location);
        Assert.Equal(5 * PerBatch, data.Train.Count);
        Assert.Equal(Enumerable.Repeat(10, 10), data.Info.TrainCounts);
        Assert.Equal(Enumerable.Repeat(2, 10), data.Info.TestCounts);
        Assert.Equal("class 3", data.Info.ClassNames[3]);
        Assert.Equal(new ImageShape(3, 32, 32), data.Info.Shape);

        // Image 41 is record 1 of data_batch_3.bin.
        byte[] third = File.ReadAllBytes(Path.Combine(folder, "data_batch_3.bin"));
        Assert.Equal(third[3073], data.Train.Labels[41]);
        Assert.Equal(third[3074..6146], data.Train.Image(41).ToArray());
        Assert.Equal((4, true), (data.Info.DefaultCropPadding, data.Info.DefaultHorizontalFlip));
        Assert.Equal(0.485, data.Info.Mean[0]);
    }

    [Fact]
    public void Cifar100_takes_the_fine_label()
    {
        WriteCifar100(fine: i => i % 100);
        LoadedDataset data = Load("cifar100");
        Assert.Equal(Enumerable.Range(0, 200).Select(i => i % 100), data.Train.Labels);
        Assert.Equal(100, data.Info.ClassNames.Count);
        Assert.Equal("fine 99", data.Info.ClassNames[99]);
        Assert.Equal([0.5071, 0.4865, 0.4409], data.Info.Mean);
        Assert.Equal([0.2673, 0.2564, 0.2762], data.Info.Std);
    }

    [Fact]
    public void A_missing_batch_is_named()
    {
        string folder = WriteCifar10();
        File.Delete(Path.Combine(folder, "data_batch_4.bin"));
        File.Delete(Path.Combine(folder, "batches.meta.txt"));
        Assert.Equal($"CIFAR-10 is incomplete in {folder}: batches.meta.txt, data_batch_4.bin are missing.", Failure("cifar10"));
    }

    [Fact]
    public void A_complete_folder_is_preferred_to_an_incomplete_one()
    {
        File.Delete(Path.Combine(WriteCifar10("cifar-10-batches-bin"), "test_batch.bin"));
        Assert.Equal(WriteCifar10("whole"), Load("cifar10").Info.Location);
    }

    [Fact]
    public void A_truncated_batch_is_named_with_the_offset_of_the_record()
    {
        string file = Damage("data_batch_2.bin", bytes => bytes[..^1]);
        string message = Failure("cifar10");
        Assert.StartsWith($"{file}: at offset {19 * 3073} expected record 19: 1 label byte and 3072 pixels (3073 bytes)", message, StringComparison.Ordinal);
        Assert.Contains("after 3072 bytes: it is truncated", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_cut_at_the_end_of_a_record_is_named()
    {
        string file = Damage("data_batch_2.bin", bytes => bytes[..^3073]);
        Assert.StartsWith($"{file}: at offset {19 * 3073} expected as many records as in", Failure("cifar10"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_batch_is_named()
    {
        string file = Damage("data_batch_1.bin", _ => []);
        Assert.Equal($"{file}: at offset 0 expected records of 3073 bytes, found an empty file.", Failure("cifar10"));
    }

    [Fact]
    public void A_label_out_of_range_is_named_with_its_offset()
    {
        string file = Damage("test_batch.bin", bytes =>
        {
            bytes[3 * 3073] = 10;
            return bytes;
        });
        Assert.Equal($"{file}: at offset {3 * 3073} expected a label 0 to 9 (record 3), found 10.", Failure("cifar10"));
    }

    [Fact]
    public void A_coarse_and_a_fine_label_out_of_range_are_told_apart()
    {
        string folder = WriteCifar100(fine: i => i == 5 ? 100 : i % 100);
        Assert.Contains($"at offset {(5 * 3074) + 1} expected a label 0 to 99 (record 5), found 100", Failure("cifar100"), StringComparison.Ordinal);
        string file = Path.Combine(folder, "train.bin");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[0] = 20;
        File.WriteAllBytes(file, bytes);
        Assert.Contains("at offset 0 expected a coarse label 0 to 19 (record 0), found 20", Failure("cifar100"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_number_of_class_names_is_named()
    {
        string file = Damage("batches.meta.txt", _ => "airplane\nautomobile\n"u8.ToArray());
        Assert.Equal($"{file}: at offset 0 expected 10 class names, one a line, found 2.", Failure("cifar10"));
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_named()
    {
        string file = Damage("data_batch_1.bin", bytes => bytes);
        using FileStream held = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.StartsWith(file + " cannot be opened", Failure("cifar10"), StringComparison.Ordinal);
    }

    [Fact]
    public void Listing_reads_once_and_again_after_a_file_was_replaced()
    {
        string folder = WriteCifar10();
        DatasetCatalogue catalogue = new([root.Path], []);
        DatasetInfo first = Listed(catalogue).Info!;
        Assert.Same(first, Listed(catalogue).Info);
        Assert.Equal(first.Sha256, catalogue.Load("cifar10").Info.Sha256);

        string file = Path.Combine(folder, "data_batch_1.bin");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[0] = 99;
        File.WriteAllBytes(file, bytes);
        File.SetLastWriteTimeUtc(file, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Contains("found 99", Listed(catalogue).Problem, StringComparison.Ordinal);

        bytes[0] = 0;
        bytes[1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.NotEqual(first.Sha256, Listed(catalogue).Info!.Sha256);
    }

    [Fact]
    public void A_loaded_data_set_is_shared_while_somebody_holds_it()
    {
        WriteCifar10();
        DatasetCatalogue catalogue = new([root.Path], []);
        LoadedDataset data = catalogue.Load("cifar10");
        Assert.Same(data, catalogue.Load("cifar10"));
        Assert.Equal(data.Train.Labels, catalogue.Labels("cifar10").Train);
    }

    [Fact]
    public void Samples_are_the_first_images_of_every_class()
    {
        WriteCifar10();
        DatasetCatalogue catalogue = new([root.Path], []);
        LoadedDataset data = catalogue.Load("cifar10");
        ImageSet samples = catalogue.Samples("cifar10", 3);
        Assert.Equal(Enumerable.Range(0, 30).Select(i => i / 3), samples.Labels);
        int[] fours = ClassIndex.Of(data.Train.Labels, 10)[4];
        Assert.Equal(data.Train.Image(fours[2]).ToArray(), samples.Image(14).ToArray());
        Assert.Empty(catalogue.Samples("cifar10", 0).Labels);
    }

    [Fact]
    public void An_unknown_data_set_is_refused_with_those_there_are()
    {
        DatasetException exception = Assert.Throws<DatasetException>(() => new DatasetCatalogue([], []).Load("imagenet"));
        Assert.Equal("There is no data set 'imagenet'; there are digits, fashion-mnist, cifar10, cifar100.", exception.Message);
        Assert.Equal(["digits", "fashion-mnist", "cifar10", "cifar100"], new DatasetCatalogue([], []).List(TestContext.Current.CancellationToken).Select(l => l.Key));
    }

    [Fact]
    public void Reading_stops_when_asked_to()
    {
        WriteCifar10();
        Assert.Throws<OperationCanceledException>(() => new DatasetCatalogue([root.Path], []).Load("cifar10", new CancellationToken(canceled: true)));
    }

    private static DatasetListing Listed(DatasetCatalogue catalogue) => catalogue.List(TestContext.Current.CancellationToken).Single(l => l.Key == "cifar10");

    private LoadedDataset Load(string key) => new DatasetCatalogue([root.Path], []).Load(key);

    private string Failure(string key) => Assert.Throws<DatasetException>(() => Load(key)).Message;

    private string Damage(string name, Func<byte[], byte[]> damage)
    {
        string file = Path.Combine(WriteCifar10(), name);
        File.WriteAllBytes(file, damage(File.ReadAllBytes(file)));
        return file;
    }

    private string WriteCifar10(string name = "cifar-10-batches-bin")
    {
        string folder = root.Sub(name);
        File.WriteAllText(Path.Combine(folder, "batches.meta.txt"), string.Concat(Enumerable.Range(0, 10).Select(c => $"class {c}\n")) + "\n");
        for (int batch = 1; batch <= 6; batch++)
        {
            File.WriteAllBytes(Path.Combine(folder, batch == 6 ? "test_batch.bin" : $"data_batch_{batch}.bin"), Records(PerBatch, batch, i => [(byte)(i % 10)]));
        }

        return folder;
    }

    private string WriteCifar100(Func<int, int> fine)
    {
        string folder = root.Sub("cifar-100-binary");
        File.WriteAllText(Path.Combine(folder, "fine_label_names.txt"), string.Concat(Enumerable.Range(0, 100).Select(c => $"fine {c}\n")));
        File.WriteAllBytes(Path.Combine(folder, "train.bin"), Records(200, 1, i => [(byte)(i % 20), (byte)fine(i)]));
        File.WriteAllBytes(Path.Combine(folder, "test.bin"), Records(100, 2, i => [(byte)(i % 20), (byte)(i % 100)]));
        return folder;
    }

    private static byte[] Records(int count, int seed, Func<int, byte[]> labels)
    {
        CounterRandom random = CounterRandom.For(seed, "records");
        List<byte> bytes = [];
        for (int i = 0; i < count; i++)
        {
            bytes.AddRange(labels(i));
            for (int p = 0; p < 3072; p++)
            {
                bytes.Add((byte)random.NextInt(256));
            }
        }

        return [.. bytes];
    }
}
