/* Pigments of the caves, as they look today under even light. */
#include "sample/brush.h"

const struct kz__pigment kz__malachite = {
    {0.17, 0.33, 0.27}, {0.33, 0.52, 0.42}, {0.62, 0.74, 0.62}};
const struct kz__pigment kz__azurite = {
    {0.10, 0.17, 0.31}, {0.19, 0.31, 0.49}, {0.49, 0.60, 0.69}};
const struct kz__pigment kz__chalk = {
    {0.66, 0.60, 0.50}, {0.84, 0.79, 0.69}, {0.94, 0.91, 0.84}};
const struct kz__pigment kz__iron = {
    {0.32, 0.14, 0.10}, {0.53, 0.26, 0.18}, {0.72, 0.46, 0.34}};
const struct kz__pigment kz__ochre = {
    {0.48, 0.33, 0.18}, {0.68, 0.51, 0.31}, {0.83, 0.70, 0.49}};
const struct kz__pigment kz__skin = {
    {0.60, 0.38, 0.28}, {0.80, 0.63, 0.50}, {0.91, 0.81, 0.69}};
const struct kz__pigment kz__umber = {
    {0.16, 0.10, 0.09}, {0.27, 0.18, 0.15}, {0.42, 0.30, 0.24}};
const struct kz__pigment kz__lead = {
    {0.40, 0.25, 0.22}, {0.66, 0.43, 0.36}, {0.85, 0.66, 0.57}};
const struct kz__colour kz__ink = {0.17, 0.10, 0.08}, kz__rust = {0.45, 0.19, 0.12};
