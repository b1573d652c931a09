using FedPlatform.Datasets;
using FedPlatform.Learning.Batches;
using FedPlatform.Learning.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Tests;

public class BatchAssemblerTests
{
    public BatchAssemblerTests() => TorchRuntime.Start();

    [Fact]
    public void Pixels_are_normalised_a_channel_and_labels_follow()
    {
        LoadedDataset data = Samples.Synthetic(new ImageShape(3, 4, 5), 3, 4, 1);
        data = data with { Info = data.Info with { Mean = [0.1, 0.2, 0.3], Std = [0.5, 0.25, 2] } };
        using var batches = new BatchAssembler(data.Info, Augmentation.None, 4, CPU);
        (Tensor x, Tensor y) = batches.Assemble(data.Train, [7, 2], null);

        Assert.Equal([2L, 3, 4, 5], x.shape);
        Assert.Equal([data.Train.Labels[7], data.Train.Labels[2]], y.data<long>().ToArray());
        for (int c = 0; c < 3; c++)
        {
            float expected = (float)((data.Train.Image(7)[c * 20 + 2 * 5 + 3] / 255.0 - data.Info.Mean[c]) / data.Info.Std[c]);
            Assert.Equal(expected, x[0, c, 2, 3].item<float>(), 1e-6f);
        }
    }

    [Fact]
    public void Images_are_channels_last_in_memory_even_with_one_channel()
    {
        LoadedDataset data = Samples.Synthetic(new ImageShape(1, 4, 4), 2, 2, 1);
        using var batches = new BatchAssembler(data.Info, Augmentation.None, 2, CPU);
        Assert.Equal([16L, 1, 4, 1], batches.Assemble(data.Train, [0, 1], null).X.stride());
    }

    [Fact]
    public void A_crop_shifts_the_picture_and_fills_with_black()
    {
        // Every crop of one picture is the padded picture seen through a window: found by trying all windows.
        LoadedDataset data = Samples.Synthetic(new ImageShape(1, 4, 4), 1, 1, 1);
        using var batches = new BatchAssembler(data.Info, new Augmentation(2, false), 1, CPU);
        float[] table = BatchAssembler.Table(data.Info);
        var seen = new HashSet<(int, int)>();
        for (int draw = 0; draw < 300; draw++)
        {
            float[] actual = batches.Assemble(data.Train, [0], CounterRandom.For(1, "crop", draw)).X.contiguous().data<float>().ToArray();
            (int, int)[] windows = [.. from dy in Enumerable.Range(-2, 5) from dx in Enumerable.Range(-2, 5) where Window(dy, dx).SequenceEqual(actual) select (dy, dx)];
            seen.Add(Assert.Single(windows));
        }

        Assert.Equal(25, seen.Count);

        float[] Window(int dy, int dx) =>
        [
            .. from y in Enumerable.Range(0, 4)
               from x in Enumerable.Range(0, 4)
               let inside = y + dy is >= 0 and < 4 && x + dx is >= 0 and < 4
               select table[inside ? data.Train.Pixels[(y + dy) * 4 + x + dx] : 0],
        ];
    }

    [Fact]
    public void A_flip_mirrors_about_half_of_the_pictures()
    {
        LoadedDataset data = Samples.Synthetic(new ImageShape(1, 2, 3), 1, 1, 1);
        using var batches = new BatchAssembler(data.Info, new Augmentation(0, true), 1, CPU);
        float[] plain = [.. data.Train.Pixels.Select(p => BatchAssembler.Table(data.Info)[p])];
        float[] mirrored = [plain[2], plain[1], plain[0], plain[5], plain[4], plain[3]];
        int flips = 0;
        for (int draw = 0; draw < 200; draw++)
        {
            float[] actual = batches.Assemble(data.Train, [0], CounterRandom.For(1, "flip", draw)).X.contiguous().data<float>().ToArray();
            Assert.True(actual.SequenceEqual(plain) || actual.SequenceEqual(mirrored));
            if (actual.SequenceEqual(mirrored)) flips++;
        }

        Assert.InRange(flips, 70, 130);
    }

    [Fact]
    public void Without_a_stream_nothing_is_changed()
    {
        LoadedDataset data = Samples.Synthetic(new ImageShape(1, 2, 3), 1, 1, 1);
        using var batches = new BatchAssembler(data.Info, new Augmentation(1, true), 1, CPU);
        float[] plain = [.. data.Train.Pixels.Select(p => BatchAssembler.Table(data.Info)[p])];
        Assert.Equal(plain, batches.Assemble(data.Train, [0], null).X.contiguous().data<float>().ToArray());
    }
}
