/* Every parameter of a training run, once: defaults, ranges, help, JSON follow. */
#include <kizil/diffusion.h>

#define OPTION(field) offsetof(struct kz_train_options, field)
#define INT(name, field, def, min, max, unit, help) \
  {name, KZ_PARAM_INT, OPTION(field), def, min, max, NULL, NULL, unit, help}
#define FLOAT(name, field, def, min, max, unit, help) \
  {name, KZ_PARAM_FLOAT, OPTION(field), def, min, max, NULL, NULL, unit, help}

static const char *const precisions[] = {"auto", "f32", "bf16", NULL};


static const char *const optimisers[] = {"adamw", "muon", NULL};

const struct kz_param kz_train_params[] = {
    INT("width-1", width[0], 64, 16, 1024, "channels", "channels at the finest level, 16k"),
    INT("width-2", width[1], 128, 16, 1024, "channels", "channels at the second level, 16k"),
    INT("width-3", width[2], 192, 16, 1024, "channels", "channels at the third level, 16k"),
    INT("width-4", width[3], 256, 16, 1024, "channels", "channels at the coarsest level, 16k"),
    INT("structure-1", structure[0], 48, 0, 512, "channels",
        "structure branch: channels at the finest level, 16k; 0: no branch"),
    INT("structure-2", structure[1], 64, 16, 512, "channels", "at the second level, 16k"),
    INT("structure-3", structure[2], 96, 16, 512, "channels", "at the third level, 16k"),
    INT("structure-4", structure[3], 96, 16, 512, "channels", "at the coarsest level, 16k"),
    INT("text", text, 0, 0, 1024, "channels", "text encoder: channels of a token, 16k; 0: none"),
    INT("text-layers", text_layers, 2, 1, 16, "layers", "text encoder: layers"),
    INT("detail", detail, 32, 0, 256, "channels",
        "channels of the layers at half resolution, 16k; 0: none"),
    {.name = "init", .type = KZ_PARAM_STRING, .offset = OPTION(init),
     .help = "model to begin from, of the same widths (default: random weights)"},
    INT("crop-small", crop_small, 128, 32, 1024, "px", "crop side in the first stage, 32k"),
    INT("batch-small", batch_small, 40, 1, 4096, "crops", "crops a batch in the first stage"),
    INT("crop-large", crop_large, 256, 32, 1024, "px", "crop side in the second stage, 32k"),
    INT("batch-large", batch_large, 10, 1, 4096, "crops", "crops a batch in the second stage"),
    FLOAT("small-share", small_share, .7, 0, 1, "", "share of the run on small crops"),
    FLOAT("minutes", minutes, 60, 0, 1e6, "min", "length of the run; 0: no limit"),
    INT("steps", steps, 0, 0, 1e9, "steps", "length of the run; 0: no limit"),
    {"optimiser", KZ_PARAM_CHOICE, OPTION(optimiser), KZ_OPTIMISER_MUON, 0, 1, NULL, optimisers,
     "", "muon: orthogonal steps for matrices, AdamW for the rest"},
    FLOAT("momentum", momentum, .95, 0, .9999, "", "Muon: decay of the mean gradient"),
    INT("muon-interval", muon_interval, 3, 1, 100, "steps",
        "Muon: a matrix moves once in so many steps, so many times as far"),
    FLOAT("rate", rate, 5e-4, 1e-8, 1, "", "peak learning rate"),
    FLOAT("rate-final", rate_final, .05, 0, 1, "", "share of the rate left at the end"),
    INT("warmup", warmup, 200, 0, 1e6, "steps", "steps over which the rate rises"),
    FLOAT("beta-1", beta1, .9, 0, .9999, "", "AdamW: decay of the mean gradient"),
    FLOAT("beta-2", beta2, .99, 0, .99999, "", "AdamW: decay of the squared gradient"),
    FLOAT("epsilon", epsilon, 1e-8, 1e-12, 1, "", "AdamW: added to the root"),
    FLOAT("decay", decay, .01, 0, 1, "", "AdamW: weight decay"),
    FLOAT("clip", clip, 1, 0, 1e6, "", "largest norm of the gradient; 0: any"),
    FLOAT("ema", ema, .999, 0, .999999, "", "decay of the average of the weights"),
    INT("accumulate", accumulate, 1, 1, 1024, "batches", "batches an update"),
    FLOAT("l1-weight", l1_weight, .5, 0, 100, "", "loss: weight of |e|"),
    FLOAT("l2-weight", l2_weight, 1, 0, 100, "", "loss: weight of e^2"),
    FLOAT("pure-l1-weight", pure_l1_weight, 0, 0, 100, "", "loss at t = 1: weight of |e|"),
    FLOAT("pure-l2-weight", pure_l2_weight, 2, 0, 100, "", "loss at t = 1: weight of e^2"),
    {"pure-relative", KZ_PARAM_BOOL, OPTION(pure_relative), 1, 0, 1, NULL, NULL, "",
     "loss at t = 1: each crop's by its logarithm, as PSNR has it"},
    FLOAT("known-weight", known_weight, .05, 0, 10, "", "loss: weight outside the hole"),
    FLOAT("border-weight", border_weight, .5, 0, 10, "",
          "loss: extra weight in the hole within 2 px of its border"),
    FLOAT("balance", balance, .5, 0, 1, "",
          "loss: a crop's weight is its hole's share to minus this power; 0: a pixel is a pixel"),
    FLOAT("pure-noise-share", pure_noise_share, .5, 0, 1, "", "share of samples at t = 1"),
    FLOAT("structure-drop", structure_drop, .1, 0, 1, "", "share of samples without features"),
    FLOAT("text-drop", text_drop, .15, 0, 1, "", "share of samples without a caption"),
    {.name = "perceptual", .type = KZ_PARAM_STRING, .offset = OPTION(perceptual),
     .help = "LPIPS weights over SqueezeNet 1.1 (safetensors): a perceptual loss besides"},
    FLOAT("perceptual-weight", perceptual_weight, .1, 0, 100, "", "perceptual loss: its weight"),
    FLOAT("perceptual-from", perceptual_from, .5, 0, 1, "",
          "perceptual loss: share of the run after which it is used"),
    INT("seed", seed, 0, 0, 9007199254740992., "", "of weights, noise and crops"),
    INT("threads", threads, 0, 0, 1024, "", "threads; 0: all processors"),
    {"precision", KZ_PARAM_CHOICE, OPTION(precision), 0, 0, 2, NULL, precisions, "",
     "arithmetic; auto: bf16 where the processor has it"},
    FLOAT("checkpoint-minutes", checkpoint_minutes, 3, 0, 1e6, "min",
          "time between checkpoints; 0: only at the end"),
    FLOAT("preview-minutes", preview_minutes, 10, 0, 1e6, "min",
          "time between preview sheets; 0: none"),
    {.name = NULL}};
