using FedPlatform.Datasets;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FedPlatform.Learning.Models;

/// <summary>
/// CIFAR-style ResNet: 3×3 stem, no max-pool, basic blocks, every stage after the first begins with stride 2, global average pool.
/// Where a block changes width or size its shortcut is a 1×1 convolution with BatchNorm (He et al.'s option B).
/// Stages of 16-32-64 give ResNet-8/20 (d = 64), 64-128-256-512 give ResNet-18/34 (d = 512).
/// </summary>
public sealed class ResNet : Backbone
{
    private static readonly long[] Spatial = [2, 3];
    private readonly Conv stem;
    private readonly Norm stemNorm;
    private readonly List<Block> blocks = [];

    /// <param name="widths">Channels a stage; the last is d.</param>
    /// <param name="depths">Blocks a stage.</param>
    public ResNet(ImageShape shape, IReadOnlyList<int> widths, IReadOnlyList<int> depths)
        : base(shape, widths[^1])
    {
        int h = shape.Height, w = shape.Width, channels = widths[0];
        stem = Convolution("stem.conv", shape.Channels, channels, 3, 1);
        stemNorm = Normalisation("stem.norm", channels, h * w);
        for (int stage = 0; stage < widths.Count; stage++)
        {
            for (int b = 0; b < depths[stage]; b++)
            {
                int stride = stage > 0 && b == 0 ? 2 : 1, outputs = widths[stage];
                (h, w) = ((h + stride - 1) / stride, (w + stride - 1) / stride);
                blocks.Add(MakeBlock($"stage{stage + 1}.{b}", channels, outputs, stride, h * w));
                channels = outputs;
            }
        }
    }

    public override Tensor Forward(BackboneState state, Tensor x, bool train)
    {
        int batch = (int)x.shape[0];
        Tensor y = F.relu(stemNorm.Forward(state, stem.Forward(state, x), train, batch), inplace: true);
        foreach (Block block in blocks)
        {
            // [B,in,h,w] → [B,out,h/s,w/s]
            Tensor shortcut = block.Projection is { } p ? block.ProjectionNorm!.Value.Forward(state, p.Forward(state, y), train, batch) : y;
            y = F.relu(block.Norm1.Forward(state, block.Conv1.Forward(state, y), train, batch), inplace: true);
            y = block.Norm2.Forward(state, block.Conv2.Forward(state, y), train, batch).add_(shortcut);
            y = F.relu(y, inplace: true);
        }

        return y.mean(Spatial);
    }

    private Block MakeBlock(string name, int inputs, int outputs, int stride, int area)
    {
        Conv conv1 = Convolution(name + ".conv1", inputs, outputs, 3, stride);
        Norm norm1 = Normalisation(name + ".norm1", outputs, area);
        Conv conv2 = Convolution(name + ".conv2", outputs, outputs, 3, 1);
        Norm norm2 = Normalisation(name + ".norm2", outputs, area);
        if (stride == 1 && inputs == outputs) return new Block(conv1, norm1, conv2, norm2, null, null);
        return new Block(conv1, norm1, conv2, norm2, Convolution(name + ".shortcut.conv", inputs, outputs, 1, stride), Normalisation(name + ".shortcut.norm", outputs, area));
    }

    private Conv Convolution(string name, int inputs, int outputs, int kernel, int stride) =>
        new(Parameter(name + ".weight", Init.HeNormal, outputs * kernel * kernel, outputs, inputs, kernel, kernel), [stride, stride], [kernel / 2, kernel / 2]);

    private Norm Normalisation(string name, int channels, int area) => new(
        Parameter(name + ".weight", Init.One, 0, channels),
        Parameter(name + ".bias", Init.Zero, 0, channels),
        Buffer(name + ".running_mean", Init.Zero, channels),
        Buffer(name + ".running_var", Init.One, channels),
        area);

    private sealed record Block(Conv Conv1, Norm Norm1, Conv Conv2, Norm Norm2, Conv? Projection, Norm? ProjectionNorm);
}
