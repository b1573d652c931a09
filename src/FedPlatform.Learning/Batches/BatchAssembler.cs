using FedPlatform.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Batches;

/// <summary>What happens to a training image: a random crop of the zero-padded image back to its size, and a mirror half of the time.</summary>
public sealed record Augmentation(int CropPadding, bool HorizontalFlip)
{
    public static Augmentation None { get; } = new(0, false);

    public bool IsNone => CropPadding == 0 && !HorizontalFlip;
}

/// <summary>
/// Makes minibatches from the resident uint8 images: gather, crop, mirror and normalise in one pass over the pixels, by a table of
/// 256 values a channel, straight into one reused channels-last tensor. One thread's.
/// </summary>
public sealed unsafe class BatchAssembler : IDisposable
{
    private readonly ImageShape shape;
    private readonly Augmentation augmentation;
    private readonly float[] table;
    private readonly Tensor images, labels;
    private readonly float* imageData;
    private readonly long* labelData;
    private readonly Device device;
    private readonly int capacity;

    public BatchAssembler(DatasetInfo info, Augmentation augmentation, int capacity, Device device)
    {
        (shape, this.augmentation, this.capacity, this.device) = (info.Shape, augmentation, capacity, device);
        table = Table(info);
        using DisposeScope scope = NewDisposeScope();

        // Channels-last in memory. The strides come from the permutation: with one channel both layouts are "contiguous", and
        // libtorch would make the slower one of them.
        images = zeros(capacity, shape.Height, shape.Width, shape.Channels).permute(0, 3, 1, 2).DetachFromDisposeScope();
        labels = zeros(capacity, dtype: ScalarType.Int64).DetachFromDisposeScope();

        // The tensors live as long as this object and never move: their addresses are taken once.
        fixed (byte* p = images.permute(0, 2, 3, 1).bytes) imageData = (float*)p;
        fixed (byte* p = labels.bytes) labelData = (long*)p;
    }

    /// <summary>(v/255 − mean)/std for every byte v, [channels · 256].</summary>
    public static float[] Table(DatasetInfo info)
    {
        float[] table = new float[info.Shape.Channels * 256];
        for (int i = 0; i < table.Length; i++) table[i] = (float)((i % 256 / 255.0 - info.Mean[i / 256]) / info.Std[i / 256]);
        return table;
    }

    /// <summary>
    /// x [B,c,h,w] and y [B] of these images, valid until the next call; part of the current dispose scope.
    /// </summary>
    /// <param name="random">Stream of this batch's augmentation; null: none.</param>
    public (Tensor X, Tensor Y) Assemble(ImageSet source, ReadOnlySpan<int> indices, CounterRandom? random)
    {
        int batch = indices.Length;
        if (batch > capacity) throw new ArgumentException($"A batch of {batch} exceeds the capacity of {capacity}.", nameof(indices));
        for (int i = 0; i < batch; i++)
        {
            labelData[i] = source.Labels[indices[i]];
            var target = new Span<float>(imageData + (long)i * shape.Bytes, shape.Bytes);
            if (random is null || augmentation.IsNone) Normalise(source.Image(indices[i]), target);
            else Augment(source.Image(indices[i]), target, random);
        }

        Tensor x = images.narrow(0, 0, batch), y = labels.narrow(0, 0, batch);
        return device.type == DeviceType.CPU ? (x, y) : (x.to(device), y.to(device));
    }

    public void Dispose()
    {
        images.Dispose();
        labels.Dispose();
    }

    private void Normalise(ReadOnlySpan<byte> source, Span<float> target)
    {
        int plane = shape.Height * shape.Width;
        for (int c = 0; c < shape.Channels; c++)
        {
            ReadOnlySpan<float> values = table.AsSpan(c * 256, 256);
            ReadOnlySpan<byte> from = source.Slice(c * plane, plane);
            int at = c;
            for (int i = 0; i < from.Length; i++, at += shape.Channels) target[at] = values[from[i]];
        }
    }

    // Padding is black before normalisation, as if the padded picture were the file.
    private void Augment(ReadOnlySpan<byte> source, Span<float> target, CounterRandom random)
    {
        int h = shape.Height, w = shape.Width, p = augmentation.CropPadding;
        int dy = p == 0 ? 0 : random.NextInt(2 * p + 1) - p, dx = p == 0 ? 0 : random.NextInt(2 * p + 1) - p;
        bool mirror = augmentation.HorizontalFlip && random.NextInt(2) == 1;
        for (int c = 0; c < shape.Channels; c++)
        {
            ReadOnlySpan<float> values = table.AsSpan(c * 256, 256);
            int at = c;
            for (int y = 0; y < h; y++)
            {
                // The crop's window is shifted by (dy, dx); what it shows is then mirrored.
                int sy = y + dy;
                bool inside = (uint)sy < (uint)h;
                ReadOnlySpan<byte> from = inside ? source.Slice((c * h + sy) * w, w) : default;
                for (int x = 0; x < w; x++, at += shape.Channels)
                {
                    int sx = (mirror ? w - 1 - x : x) + dx;
                    target[at] = inside && (uint)sx < (uint)w ? values[from[sx]] : values[0];
                }
            }
        }
    }
}
